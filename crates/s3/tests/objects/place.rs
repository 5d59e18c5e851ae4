//! What the tests of S3 share: an adapter at an endpoint.

use std::sync::Arc;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use deputize_s3::{KeyPrefix, Retention, S3Objects, S3Settings};
use deputize_testkit::signing::MovedClock;

pub(crate) const BUCKET: &str = "ledger";

pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIAEXAMPLE", "none", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .build()
}

/// The adapter, on 24 November 2026.
pub(crate) fn objects(endpoint: &str, retention: Option<Retention>) -> S3Objects {
    let clock = Arc::new(MovedClock::new("2026-11-24T12:00:00Z".parse().unwrap()));
    let prefix = Some(KeyPrefix::parse("logs/production").unwrap());
    S3Objects::new(&config(endpoint), S3Settings { bucket: BUCKET.to_owned(), prefix, retention }, clock)
}
