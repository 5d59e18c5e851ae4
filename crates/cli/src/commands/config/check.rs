//! `deputize config check`: what the agents would be issued is minted once and dropped.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use deputize_aws::caller_arn;
use deputize_broker::ports::identity::IdentityTokens;
use deputize_broker::{Clock, Random};
use deputize_clouds::advice::{Broker, advice};
use deputize_clouds::rehearsal::{Attempt, Outcome, Rehearsal, told};
use deputize_clouds::{CloudSettings, IdentitySource, IssuerSource, Surroundings, identity, minters};
use deputize_host::{Format, OsRandom, SystemClock, init_tracing};
use serde::Deserialize;

use crate::aws::Aws;
use crate::settings::{Settings, Which};
use crate::{issuer, output, source};

pub(super) fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    init_tracing(Format::Text)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(check(settings))
}

async fn check(settings: &Settings) -> anyhow::Result<ExitCode> {
    let clouds = settings.real_clouds();
    let is_aws = settings.aws.value == Which::Real;
    if !is_aws && clouds.gcp.is_none() && clouds.azure.is_none() {
        bail!("there are only sandboxes here: choose a cloud, such as --cloud aws=real");
    }
    if settings.scopes.value.is_empty() {
        bail!("no scope document to try: give one with --scopes FILE");
    }
    let (_, document) = source::scopes(&settings.scopes.value)?;
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
        (Arc::new(SystemClock::start()), Arc::new(OsRandom));

    let own = |source: &IssuerSource| {
        let who = issuer::configured(source, &document.tenant)?;
        issuer::open(who, &settings.state.value, &clock, &random).map(Arc::new)
    };
    let needs_aws = is_aws || (clouds.is_federated() && clouds.identity == IdentitySource::Aws);
    let (aws, identity) = if needs_aws {
        let (aws, identity) = Aws::and_identity(&clouds, &document.tenant, &clock, own).await?;
        (Some(aws), identity)
    } else {
        (None, identity(&clouds.identity, &aws_types::SdkConfig::builder().build(), &clock, own)?)
    };
    let broker = introduced(aws.as_ref(), &*identity, clouds.an_audience()).await?;

    let surroundings = Surroundings {
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        identity,
        // The store is not opened here.
        secrets: None,
    };
    let mut minters = minters(&clouds, &surroundings);
    if let Some(aws) = aws.filter(|_| is_aws) {
        minters.insert(0, Arc::new(aws.minter()));
    }
    let rehearsal = Rehearsal {
        document: &document,
        minters: &minters,
        aws: &clouds.aws_settings(),
        gcp: &clouds.gcp_settings(),
        azure: &clouds.azure_settings(),
        clock: &*clock,
        random: &*random,
    };
    let mut missing = 0;
    for attempt in rehearsal.run().await {
        missing += usize::from(!tell(&attempt, &broker, &clouds)?);
    }
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Finds out who the broker is, at AWS and in its identity tokens, and tells it.
async fn introduced(
    aws: Option<&Aws>,
    identity: &dyn IdentityTokens,
    audience: Option<String>,
) -> anyhow::Result<Broker> {
    let mut broker = Broker::default();
    if let Some(aws) = aws {
        let arn = caller_arn(&aws.sdk).await.context("AWS does not say who the broker is")?;
        output::line(format!("ok       the broker is {arn}"))?;
        broker.arn = Some(arn);
    }
    if let Some(audience) = audience {
        // Without a token, every cloud that is proven to by it says so below.
        let token = identity.token(&audience).await.ok();
        if let Some(Claims { iss, sub }) = token.and_then(|token| claims(token.token.reveal())) {
            output::line(format!("ok       identity tokens are of {sub}, by {iss}"))?;
            (broker.issuer, broker.subject) = (Some(iss), Some(sub));
        }
    }
    Ok(broker)
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
}

/// What a token says. Whether it is true, the clouds find out.
fn claims(token: &str) -> Option<Claims> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Prints how an attempt went; whether nothing is missing.
fn tell(attempt: &Attempt, broker: &Broker, clouds: &CloudSettings) -> anyhow::Result<bool> {
    let Attempt { agent, kind, target, outcome } = attempt;
    let what = format!("{agent} {kind} {target}");
    match outcome {
        Outcome::Minted => output::line(format!("ok       {what}"))?,
        Outcome::Stored => {
            output::line(format!("-        {what}: its client secret is in the broker's store"))?;
        }
        Outcome::NotWhole(problem) => output::line(format!("-        {what}: not all at once: {problem}"))?,
        Outcome::Failed { plan, error } => {
            let advice = advice(*kind, plan, error, broker, clouds);
            let missing = advice.as_ref().map_or_else(String::new, |advice| format!(": {}", advice.missing));
            output::line(format!("missing  {what}{missing} ({})", told(error)))?;
            for command in advice.into_iter().flat_map(|advice| advice.commands) {
                output::line(format!("           {command}"))?;
            }
            return Ok(false);
        }
    }
    Ok(true)
}
