//! STS GetScopedCredentials: the holder of a session narrows it itself, by a policy that the broker proved. The SDK has no
//! such call yet, so that it is signed here.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetScopedCredentials.html>

use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use aws_types::SdkConfig;
use deputize_broker::{Clock as _, Secret};
use deputize_host::SystemClock;
use ureq::http::Request;
use ureq::http::header::CONTENT_TYPE;

use crate::http;

/// For the whole of the call.
const TIMEOUT: Duration = Duration::from_secs(10);

const FORM: &str = "application/x-www-form-urlencoded";

/// A session that can do less than the one that it was made from.
#[derive(Debug)]
pub(crate) struct ScopedSession {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    pub(crate) session_token: Secret,
    pub(crate) expiration: String,
}

/// Narrows the session that this machine's configuration holds.
pub(crate) async fn narrow(sdk: &SdkConfig, policy: &str, seconds: u32) -> anyhow::Result<ScopedSession> {
    let provider = sdk.credentials_provider().context("no credentials for AWS are configured")?;
    let session = provider.provide_credentials().await.context("no credentials for AWS were found")?;
    if session.session_token().is_none() {
        bail!("the credentials for AWS are no session's: only a session can be narrowed");
    }
    let region =
        sdk.region().context("no region is configured: there is no such call at the global endpoint")?;
    let seconds = seconds.to_string();
    let form = [
        ("Action", "GetScopedCredentials"),
        ("Version", "2011-06-15"),
        ("Policy", policy),
        ("DurationSeconds", &seconds),
    ];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = signed(&endpoint(sdk, region.as_ref()), &body, session, region.as_ref())?;
    let mut answer = http::agent(TIMEOUT).run(request).context("no answer from STS")?;
    let text = answer.body_mut().read_to_string().context("the answer of STS broke off")?;
    if !answer.status().is_success() {
        // Of its words only the code: a message may quote the policy.
        let code = find(&text, "Code").unwrap_or_else(|| answer.status().to_string());
        bail!("STS does not narrow the session: {code}");
    }
    let field = |name| find(&text, name).with_context(|| format!("the answer of STS has no {name}"));
    Ok(ScopedSession {
        access_key_id: field("AccessKeyId")?,
        secret_access_key: Secret::new(field("SecretAccessKey")?),
        session_token: Secret::new(field("SessionToken")?),
        expiration: field("Expiration")?,
    })
}

/// As the SDK has it: what the environment says for STS, for all services, else the region's own.
fn endpoint(sdk: &SdkConfig, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let named = std::env::var("AWS_ENDPOINT_URL_STS").ok().filter(|url| !url.is_empty());
    let url = named.or_else(|| sdk.endpoint_url().map(str::to_owned));
    url.unwrap_or_else(|| format!("https://sts.{region}.{domain}"))
}

fn signed(url: &str, body: &str, session: Credentials, region: &str) -> anyhow::Result<Request<String>> {
    let url = format!("{}/", url.trim_end_matches('/'));
    let identity = session.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(SystemClock::start().now().into())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = [(CONTENT_TYPE.as_str(), FORM)];
    let signable =
        SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let mut request = Request::post(&url).header(CONTENT_TYPE, FORM).body(body.to_owned())?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

/// The text of the first element of that name, however deep.
fn find(xml: &str, name: &str) -> Option<String> {
    let mut document = Document::new(xml);
    let mut root = document.root_element().ok()?;
    within(&mut root, name)
}

fn within(element: &mut ScopedDecoder<'_, '_>, name: &str) -> Option<String> {
    while let Some(mut child) = element.next_tag() {
        if child.start_el().matches(name) {
            return try_data(&mut child).ok().map(|text| text.into_owned());
        }
        if let Some(found) = within(&mut child, name) {
            return Some(found);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_found_however_deep() {
        let xml = "<GetScopedCredentialsResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                   <GetScopedCredentialsResult><ScopedSession><Arn>a</Arn></ScopedSession><Credentials>\
                   <AccessKeyId>ASIA</AccessKeyId><SessionToken>t&amp;/=</SessionToken></Credentials>\
                   </GetScopedCredentialsResult></GetScopedCredentialsResponse>";
        assert_eq!(find(xml, "AccessKeyId").as_deref(), Some("ASIA"));
        assert_eq!(find(xml, "SessionToken").as_deref(), Some("t&/="));
        assert_eq!(find(xml, "Expiration"), None);
        assert_eq!(find("<html>", "Code"), None);
    }
}
