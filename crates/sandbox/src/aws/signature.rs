//! Signature Version 4, from the side of the service.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::str::FromStr as _;

use axum::http::{HeaderMap, Method, Uri, header};
use deputize_scope::aws::region::Region;
use jiff::{SignedDuration, Timestamp, civil};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::refusal::{Code, Refusal};
use crate::key::{hmac_sha256, hmac_sha256_matches};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far the caller's clock may be off.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// What SigV4 leaves as it is; a path keeps its slashes besides.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// A call as it came over the wire.
#[derive(Debug)]
pub(super) struct Wire<'a> {
    pub(super) method: &'a Method,
    /// The full original path, whatever router it went through.
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// The claim of a call to come from the holder of an access key, not yet verified.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) security_token: Option<&'a str>,
    pub(super) region: &'a str,
    date: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
    time: &'a str,
}

impl<'a> Claim<'a> {
    pub(super) fn of(wire: &Wire<'a>) -> Result<Self, Refusal> {
        let Some(authorization) = text_header(wire.headers, "authorization") else {
            return Err(Refusal::new(
                Code::MissingAuthenticationToken,
                "Request is missing Authentication Token",
            ));
        };
        let Some(fields) = authorization.strip_prefix(ALGORITHM) else {
            return Err(incomplete("Authorization header requires 'AWS4-HMAC-SHA256' as its algorithm."));
        };
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
        };
        let credential = field("Credential")?;
        let signed_headers: Vec<&str> = field("SignedHeaders")?.split(';').collect();
        let signature = field("Signature")?;
        let time = text_header(wire.headers, "x-amz-date").ok_or_else(|| {
            incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        })?;
        // An access key id has no slash, so the scope is the last four parts.
        let [access_key_id, date, region, service, "aws4_request"] =
            credential.split('/').collect::<Vec<_>>()[..]
        else {
            return Err(incomplete("Credential must have exactly 5 slash-delimited elements."));
        };
        let security_token = text_header(wire.headers, "x-amz-security-token");
        let claim =
            Self { access_key_id, security_token, region, date, service, signed_headers, signature, time };
        claim.check_signed_headers()?;
        Ok(claim)
    }

    /// Verifies that the holder of the secret signed this call, for this service, just now.
    pub(super) fn verify(
        &self,
        wire: &Wire<'_>,
        service: &str,
        secret: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.check_scope(service)?;
        self.check_time(now)?;
        let canonical = self.canonical_request(wire)?;
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let digest = hex::encode(Sha256::digest(canonical.as_bytes()));
        let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{digest}", self.time);
        let initial = Zeroizing::new(format!("AWS4{secret}"));
        let key = [self.date, self.region, self.service, "aws4_request"]
            .iter()
            .fold(Zeroizing::new(initial.as_bytes().to_vec()), |key, part| {
                Zeroizing::new(hmac_sha256(&key, part.as_bytes()).to_vec())
            });
        let given = hex::decode(self.signature).unwrap_or_default();
        if hmac_sha256_matches(&key, to_sign.as_bytes(), &given) {
            Ok(())
        } else {
            Err(mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            ))
        }
    }

    /// What the signature must cover lest a call be put together from parts of others.
    fn check_signed_headers(&self) -> Result<(), Refusal> {
        let signed = |name: &str| self.signed_headers.iter().any(|header| header.eq_ignore_ascii_case(name));
        if !signed("host") {
            return Err(mismatch(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            ));
        }
        if !signed("x-amz-date") || (self.security_token.is_some() && !signed("x-amz-security-token")) {
            return Err(mismatch("Every 'X-Amz-' header must be a 'SignedHeader' in the AWS Authorization."));
        }
        Ok(())
    }

    fn check_scope(&self, service: &str) -> Result<(), Refusal> {
        if self.service != service {
            return Err(mismatch(&format!("Credential should be scoped to correct service: '{service}'.")));
        }
        if !self.is_global() && Region::from_str(self.region).is_err() {
            return Err(mismatch("Credential should be scoped to a valid region."));
        }
        if !self.time.starts_with(self.date) {
            return Err(mismatch(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date.",
            ));
        }
        Ok(())
    }

    /// Whether the call was signed for the pseudo-region of the global endpoint.
    pub(super) fn is_global(&self) -> bool {
        self.region == "aws-global"
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let time = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", self.time)
            .and_then(|time| jiff::tz::TimeZone::UTC.to_timestamp(time))
            .map_err(|_| incomplete("Date must be in ISO-8601 'basic format'."))?;
        let skew = now.duration_since(time);
        let written = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let now_is = written(now);
        if skew > MAX_SKEW {
            return Err(mismatch(&format!(
                "Signature expired: {} is now earlier than {now_is} - 15 min.",
                self.time
            )));
        }
        if skew < -MAX_SKEW {
            return Err(mismatch(&format!(
                "Signature not yet current: {} is still later than {now_is} + 15 min.",
                self.time
            )));
        }
        Ok(())
    }

    fn canonical_request(&self, wire: &Wire<'_>) -> Result<String, Refusal> {
        let mut headers = String::new();
        for name in &self.signed_headers {
            headers.push_str(&format!("{name}:{}\n", canonical_header(wire, name)?));
        }
        Ok(format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            wire.method,
            canonical_path(wire.uri.path()),
            canonical_query(wire.uri.query().unwrap_or_default()),
            self.signed_headers.join(";"),
            hex::encode(Sha256::digest(wire.body)),
        ))
    }
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The values of a header, joined, trimmed, and with single spaces.
fn canonical_header(wire: &Wire<'_>, name: &str) -> Result<String, Refusal> {
    let values: Vec<String> = wire
        .headers
        .get_all(name)
        .iter()
        .map(|value| {
            String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    if !values.is_empty() {
        return Ok(values.join(","));
    }
    // HTTP/2 carries the host as a pseudo-header.
    match wire.uri.authority() {
        Some(authority) if name == header::HOST.as_str() => Ok(authority.to_string()),
        _ => Err(mismatch(&format!(
            "'{name}' is a 'SignedHeader' in the AWS Authorization, but was not sent."
        ))),
    }
}

/// The path without dot segments and double slashes, encoded once more than on the wire.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut normalised = format!("/{}", segments.join("/"));
    if path.ends_with('/') && !segments.is_empty() {
        normalised.push('/');
    }
    utf8_percent_encode(&normalised, PATH).to_string()
}

fn canonical_query(query: &str) -> String {
    let encoded =
        |text: &str| utf8_percent_encode(&percent_decode_str(text).decode_utf8_lossy(), SEGMENT).to_string();
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn incomplete(message: &str) -> Refusal {
    Refusal::new(Code::IncompleteSignature, message)
}

fn mismatch(message: &str) -> Refusal {
    Refusal::new(Code::SignatureDoesNotMatch, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_normalised_and_encoded_once_more() {
        assert_eq!(canonical_path("/"), "/");
        assert_eq!(canonical_path("//sandbox/./x/../aws/"), "/sandbox/aws/");
        assert_eq!(canonical_path("/sandbox/aws"), "/sandbox/aws");
        assert_eq!(canonical_path("/a%20b"), "/a%2520b");
    }

    #[test]
    fn a_query_is_sorted_and_encoded() {
        assert_eq!(canonical_query("b=2&a=%7e&a=1&c"), "a=1&a=~&b=2&c=");
    }
}
