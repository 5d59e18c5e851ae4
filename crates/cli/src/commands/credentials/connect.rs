//! `deputize credentials connect`: a person agrees in a browser, and the refresh token that comes of it is stored.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use deputize_broker::Secret;
use deputize_broker::stored::facts::TokenUrl;
use deputize_connectors::{Enrolled, Enrolment, EnrolmentRequest};
use deputize_host::OsRandom;
use deputize_scope::identifier::CredentialId;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::redirect;
use crate::client::Client;

/// How long the person has.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The credential, which the scope document declares as an oauth_token.
    id: CredentialId,
    /// Where a person agrees.
    #[arg(long, value_name = "URL")]
    authorize_url: String,
    /// Where tokens are asked for.
    #[arg(long, value_name = "URL")]
    token_url: String,
    /// The client's name at the provider.
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// A file with the client's secret, where it has one.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// What is asked for; may be given several times. Many providers want offline_access for a refresh token.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The port of 127.0.0.1 that the browser comes back to, where the provider wants a certain one [default: any].
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
}

pub(super) fn run(client: &Client, arguments: Arguments) -> anyhow::Result<String> {
    let id = arguments.id.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fields = runtime.block_on(enrol(arguments))?;
    super::import(client, &id, fields)
}

async fn enrol(arguments: Arguments) -> anyhow::Result<Value> {
    let token_url = TokenUrl::try_from(arguments.token_url)?;
    let client_secret = match &arguments.client_secret_file {
        Some(file) => Some(Secret::new(super::read(Some(file))?.trim_end_matches(['\r', '\n']).to_owned())),
        None => None,
    };
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await;
    let listener = listener.with_context(|| format!("cannot listen on 127.0.0.1:{}", arguments.port))?;
    let redirect_url = format!("http://{}{}", listener.local_addr()?, redirect::PATH);
    let request = EnrolmentRequest {
        authorize_url: arguments.authorize_url,
        token_url,
        client_id: arguments.client_id,
        client_secret,
        scopes: arguments.scopes,
        redirect_url,
    };
    let enrolment = Enrolment::begin(request.clone(), &OsRandom)?;
    // On standard error: standard output is what comes of it.
    eprintln!("open this address in a browser on this machine, and agree:\n\n  {}\n", enrolment.url());
    let Ok(code) = tokio::time::timeout(PATIENCE, redirect::code(&listener, &enrolment)).await else {
        bail!("nobody came back from the provider within {} minutes", PATIENCE.as_secs() / 60);
    };
    let Enrolled { refresh_token } = enrolment.exchange(&code?).await?;
    let mut fields = json!({
        "token_url": request.token_url.as_str(),
        "client_id": request.client_id,
        "scopes": request.scopes,
        "refresh_token": refresh_token.reveal(),
    });
    if let (Some(secret), Some(fields)) = (&request.client_secret, fields.as_object_mut()) {
        fields.insert("client_secret".to_owned(), json!(secret.reveal()));
    }
    Ok(fields)
}
