//! Calls in the query protocol that AWS's client for STS does not know: signed by hand.

use std::time::{Duration, SystemTime};

use aws_sdk_sts::config::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use crate::account::Account;

pub(crate) const IAM: (&str, &str) = ("iam", "2010-05-08");
pub(crate) const STS: (&str, &str) = ("sts", "2011-06-15");

/// The status of an answer, and its text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The content of the first element by this name.
    pub(crate) fn element(&self, name: &str) -> &str {
        let rest = self.text.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split('<').next()).unwrap_or_else(|| panic!("{name} in {self:?}"))
    }

    /// The status and the code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.element("Code"))
    }

    /// The credentials in it.
    pub(crate) fn credentials(&self) -> Credentials {
        let token = Some(self.element("SessionToken").to_owned());
        Credentials::new(self.element("AccessKeyId"), self.element("SecretAccessKey"), token, None, "test")
    }
}

impl Account {
    pub(crate) fn root(&self) -> Credentials {
        let key = self.sandbox.root_credentials();
        Credentials::new(key.id, key.secret.as_str(), None, None, "test")
    }

    pub(crate) async fn query(
        &self,
        credentials: &Credentials,
        (service, version): (&str, &str),
        form: &[(&str, &str)],
    ) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("Version", version).extend_pairs(form);
        let body = body.finish();
        let identity = credentials.clone().into();
        let time =
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(self.now().as_second()).unwrap());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let signable = SignableRequest::new(
            "POST",
            format!("{}/", self.endpoint),
            [kind].into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let (signature, _) = sign(signable.unwrap(), &parameters.into()).unwrap().into_parts();
        let mut request = reqwest::Client::new().post(format!("{}/", self.endpoint)).header(kind.0, kind.1);
        for (name, value) in signature.headers() {
            request = request.header(name, value);
        }
        let response = request.body(body).send().await.unwrap();
        Answer { status: response.status().as_u16(), text: response.text().await.unwrap() }
    }
}
