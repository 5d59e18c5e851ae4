"""Verifies tokens of an issuer by its documents alone, with three libraries; prints what they say as JSON."""

import json
import sys
import urllib.request

import jwt
from google.auth.transport.requests import Request
from google.oauth2 import id_token
from joserfc import jwt as jose
from joserfc.jwk import KeySet

issuer, audience, tokens = sys.argv[1], sys.argv[2], sys.argv[3:]


def fetched(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


discovery = fetched(f"{issuer}/.well-known/openid-configuration")
assert discovery["issuer"] == issuer
keys_url = discovery["jwks_uri"]


def pyjwt(token):
    key = jwt.PyJWKClient(keys_url).get_signing_key_from_jwt(token)
    required = {"require": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"]}
    return jwt.decode(
        token, key, algorithms=["RS256"], audience=audience, issuer=issuer, options=required
    )


def google(token):
    return id_token.verify_token(token, Request(), audience=audience, certs_url=keys_url)


def joserfc(token):
    keys = KeySet.import_key_set(fetched(keys_url))
    claims = jose.decode(token, keys, algorithms=["RS256"]).claims
    names = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": audience}}
    jose.JWTClaimsRegistry(**names).validate(claims)
    return claims


def told(verify, token):
    """The claims; or the kind of error."""
    try:
        return verify(token)
    except Exception as error:  # Each library has its own.
        return type(error).__name__


print(json.dumps([[told(verify, token) for verify in (pyjwt, google, joserfc)] for token in tokens]))
