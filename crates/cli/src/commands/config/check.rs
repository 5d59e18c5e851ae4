//! `deputize config check`: what the agents would be issued is minted once and dropped.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use deputize_aws::caller_arn;
use deputize_broker::issuer::Issuer;
use deputize_broker::ports::identity::IdentityTokens;
use deputize_broker::ports::minter::Minter;
use deputize_broker::{Clock, Random};
use deputize_clouds::advice::{Broker, advice};
use deputize_clouds::rehearsal::{Attempt, Outcome, Rehearsal, told};
use deputize_clouds::{CloudSettings, IdentitySource, IssuerSource, Surroundings, identity, minters};
use deputize_host::{Format, OsRandom, SystemClock, init_tracing};
use deputize_scope::TenantId;
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

    let mut all: Vec<Arc<dyn Minter>> = Vec::new();
    let own = |source: &IssuerSource| {
        let who = issuer::configured(source, &document.tenant)?;
        issuer::open(who, &settings.state.value, &clock, &random)
    };
    let (broker, tokens) = who(&clouds, is_aws, &document.tenant, &clock, own, &mut all).await?;
    if let Some(tokens) = tokens {
        let secrets = None;
        let (clock, random) = (Arc::clone(&clock), Arc::clone(&random));
        all.extend(minters(&clouds, &Surroundings { clock, random, identity: tokens, secrets }));
    }
    let rehearsal = Rehearsal {
        document: &document,
        minters: &all,
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

/// Who the broker is, and what proves it.
async fn who(
    clouds: &CloudSettings,
    is_aws: bool,
    tenant: &TenantId,
    clock: &Arc<dyn Clock>,
    issuer: impl FnOnce(&IssuerSource) -> anyhow::Result<Arc<Issuer>>,
    all: &mut Vec<Arc<dyn Minter>>,
) -> anyhow::Result<(Broker, Option<Arc<dyn IdentityTokens>>)> {
    let mut broker = Broker::default();
    let needs_aws = is_aws || (clouds.is_federated() && clouds.identity == IdentitySource::Aws);
    let tokens = if needs_aws {
        let (aws, tokens) = Aws::and_identity(clouds, tenant, clock, issuer).await?;
        let arn = caller_arn(&aws.sdk).await.context("AWS does not say who the broker is")?;
        output::line(format!("ok       the broker is {arn}"))?;
        broker.arn = Some(arn);
        if is_aws {
            all.push(Arc::new(aws.minter()));
        }
        tokens
    } else {
        identity(&clouds.identity, &aws_types::SdkConfig::builder().build(), clock, issuer)?
    };
    if let Some(audience) = clouds.an_audience() {
        // Without one, every cloud that is proven to by it says so below.
        let token = tokens.token(&audience).await.ok();
        if let Some(Claims { iss, sub }) = token.and_then(|token| claims(token.token.reveal())) {
            output::line(format!("ok       identity tokens are of {sub}, by {iss}"))?;
            (broker.issuer, broker.subject) = (Some(iss), Some(sub));
        }
    }
    Ok((broker, Some(tokens)))
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
