//! What API Gateway proved of a caller, told to the API in its own terms.

use deputize_api::RequestId;
use deputize_broker::CallerIdentity;
use lambda_http::aws_lambda_events::apigw::ApiGatewayRequestAuthorizer;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

/// Adds the caller's identity and the request's name, where the gateway gave them.
pub(crate) fn introduce(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return request };
    let identity = context.authorizer.as_ref().and_then(identity);
    let id = context.request_id.clone().map(RequestId);
    let extensions = request.extensions_mut();
    if let Some(identity) = identity {
        extensions.insert(identity);
    }
    if let Some(id) = id {
        extensions.insert(id);
    }
    request
}

/// A route has one authoriser; of two, neither is believed.
fn identity(authorizer: &ApiGatewayRequestAuthorizer) -> Option<CallerIdentity> {
    match (&authorizer.iam, &authorizer.jwt) {
        (Some(iam), None) => iam.user_arn.as_ref()?.parse().ok().map(CallerIdentity::Aws),
        (None, Some(jwt)) => {
            let claim = |name| jwt.claims.get(name).filter(|value| !value.is_empty()).cloned();
            Some(CallerIdentity::Oidc { issuer: claim("iss")?, subject: claim("sub")? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn identity_of(authorizer: Value) -> Option<CallerIdentity> {
        identity(&serde_json::from_value(authorizer).unwrap())
    }

    #[test]
    fn a_signature_that_the_gateway_verified_names_a_principal() {
        let arn = "arn:aws:sts::111122223333:assumed-role/devops/session";
        let identity = identity_of(json!({ "iam": { "userArn": arn } }));
        assert!(matches!(identity, Some(CallerIdentity::Aws(found)) if found.as_str() == arn));
    }

    #[test]
    fn a_token_that_the_gateway_verified_names_issuer_and_subject() {
        let claims = json!({ "iss": "https://token.example.com", "sub": "devops" });
        let identity = identity_of(json!({ "jwt": { "claims": claims } }));
        assert!(matches!(identity, Some(CallerIdentity::Oidc { subject, .. }) if subject == "devops"));
    }

    #[test]
    fn anything_less_names_nobody() {
        for authorizer in [
            json!({}),
            json!({ "iam": {} }),
            json!({ "iam": { "userArn": "everybody" } }),
            json!({ "jwt": { "claims": { "sub": "devops" } } }),
            json!({ "jwt": { "claims": { "iss": "", "sub": "devops" } } }),
            json!({ "lambda": { "userArn": "arn:aws:iam::111122223333:role/devops" } }),
        ] {
            assert!(identity_of(authorizer.clone()).is_none(), "{authorizer}");
        }
    }
}
