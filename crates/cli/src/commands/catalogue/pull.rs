//! `deputize catalogue pull`: all permissions of a cloud, from the cloud.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, bail};
use clap::Args;
use deputize_broker::{Clock as _, Secret};
use deputize_host::SystemClock;
use deputize_scope::Cloud;
use deputize_scope::catalogue::{Catalogue, Draft, Extent, Origin};
use ureq::http::StatusCode;

use super::progress::Progress;
use super::shelf::{self, Shelf};
use super::stage::{self, Stage};
use super::transport::{FetchError, Transport};
use super::vendor::{self, Request, Vendor};
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The cloud: aws, gcp or azure.
    #[arg(long)]
    cloud: Cloud,
    /// Where to ask [default: the cloud's own endpoint].
    #[arg(long, value_name = "BASE")]
    url: Option<String>,
    /// On Google Cloud, the full name of the resource whose permissions are asked for [default: the project of
    /// CLOUDSDK_CORE_PROJECT].
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
}

pub(super) fn run(shelf: &Shelf, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let cloud = arguments.cloud;
    let url = arguments.url.as_deref().unwrap_or(vendor::default_url(cloud));
    let vendor = vendor::vendor(cloud, url, arguments.resource.clone())?;
    let transport = Transport::new(token(cloud)?.as_ref())?;

    let now = SystemClock::start().now().to_string();
    let date = now.get(..10).context("the clock tells no date")?;
    let first = vendor.first();
    let origin = format!("{date} {} {}\n", first.url, first.body.unwrap_or_default());
    let stage = Stage::open(shelf.folder(), cloud, &origin)?;
    let resumed = stage.get(&vendor.first().name)?.is_some();
    let pulled = pull(cloud, vendor.as_ref(), &transport, &stage);
    let draft = match pulled {
        // The tokens of pages do not live for ever.
        Err(error) if resumed && is_bad_request(&error) => {
            stage.restart(&origin)?;
            pull(cloud, vendor.as_ref(), &transport, &stage)
        }
        pulled => pulled,
    };
    let draft = draft.context("the catalogue is as it was; what was fetched is kept for the next attempt")?;

    let origin = Origin { date, extent: Extent::Whole, source: &first.url, licence: None };
    let text = draft.text(&origin, shelf::sha256)?;
    let catalogue = Catalogue::parse(text.as_str())?;
    if catalogue.is_empty() {
        stage.clear()?;
        bail!("{url} tells of no permissions: the catalogue is as it was");
    }
    let before = shelf.load(cloud)?.catalogue;
    stage::replace(&shelf.file(cloud), &text)?;
    stage.clear()?;
    output::line(format!(
        "{cloud}: {} permissions of {} services as of {date}; before, {} as of {}",
        catalogue.len(),
        catalogue.services().count(),
        before.len(),
        before.date()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The token that the cloud asks for, from the environment: arguments are seen by everybody on a machine.
fn token(cloud: Cloud) -> anyhow::Result<Option<Secret>> {
    let variables = vendor::token_variables(cloud);
    let mut values = variables.iter().filter_map(|name| std::env::var(name).ok());
    match values.find(|value| !value.is_empty()) {
        Some(token) => Ok(Some(Secret::new(token))),
        None if variables.is_empty() => Ok(None),
        None => bail!(
            "{} {}",
            match cloud {
                Cloud::Azure =>
                    "an access token is needed: `az account get-access-token` prints one; put it into",
                _ => "an access token is needed: `gcloud auth print-access-token` prints one; put it into",
            },
            variables.join(" or ")
        ),
    }
}

fn is_bad_request(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<FetchError>();
    matches!(refused, Some(FetchError::Refused { status, .. }) if *status == StatusCode::BAD_REQUEST)
}

/// Asks wave after wave: what one wave's answers lead to is the next.
fn pull(cloud: Cloud, vendor: &dyn Vendor, transport: &Transport, stage: &Stage) -> anyhow::Result<Draft> {
    let progress = Progress::new(format!("catalogue of {cloud}"));
    let draft = Mutex::new(Draft::new(cloud));
    let mut wave = vec![vendor.first()];
    while !wave.is_empty() {
        progress.expect(wave.len());
        wave = answer_all(&wave, vendor.concurrency(), &|request| {
            let kept = stage.get(&request.name)?;
            let fresh = kept.is_none();
            let answer = match kept {
                Some(answer) => answer,
                None => transport.fetch(request)?,
            };
            let mut draft = draft.lock().map_err(|_| anyhow::anyhow!("reading another answer panicked"))?;
            let next = vendor.read(request, &answer, &mut draft).with_context(|| request.url.clone())?;
            let known = draft.len();
            drop(draft);
            // Only what can be read is kept: the next attempt asks again for the rest.
            if fresh {
                stage.put(&request.name, &answer)?;
            }
            progress.answered(known);
            Ok(next)
        })?;
    }
    progress.finish();
    draft.into_inner().map_err(|_| anyhow::anyhow!("reading an answer panicked"))
}

/// Does something with each request, a few at a time, until all are done or one fails. Gives what they lead to.
fn answer_all(
    wave: &[Request],
    concurrency: usize,
    answer: &(dyn Fn(&Request) -> anyhow::Result<Vec<Request>> + Sync),
) -> anyhow::Result<Vec<Request>> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut found = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let Some(request) = wave.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            match answer(request) {
                Ok(requests) => found.extend(requests),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(found)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..concurrency.min(wave.len())).map(|_| scope.spawn(work)).collect();
        let mut found = Vec::new();
        for worker in workers {
            found.extend(worker.join().map_err(|_| anyhow::anyhow!("fetching panicked"))??);
        }
        Ok(found)
    })
}
