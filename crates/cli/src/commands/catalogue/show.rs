//! `deputize catalogue show`: which catalogues are at hand, or what they say of a permission.

use std::process::ExitCode;

use clap::Args;
use deputize_scope::Cloud;
use deputize_scope::catalogue::{Catalogue, Permission, Plane};

use super::shelf::{Shelf, Shelved};
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this cloud: aws, gcp or azure.
    #[arg(long)]
    cloud: Option<Cloud>,
    /// A permission, or a pattern of them.
    permission: Option<String>,
}

pub(super) fn run(shelf: &Shelf, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let asked = |cloud: &Cloud| arguments.cloud.is_none_or(|only| only == *cloud);
    let clouds: Vec<Cloud> = Cloud::ALL.iter().copied().filter(asked).collect();
    let Some(permission) = &arguments.permission else {
        for cloud in clouds {
            output::line(overview(&shelf.load(cloud)?))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let all = shelf.catalogues()?;
    let catalogues: Vec<&Catalogue> = clouds.into_iter().filter_map(|cloud| all.of(cloud)).collect();
    let found: Vec<Permission<'_>> =
        catalogues.iter().flat_map(|catalogue| catalogue.matching(permission)).collect();
    match found.as_slice() {
        [] => {
            output::line(unknown(&catalogues, permission))?;
            return Ok(ExitCode::FAILURE);
        }
        [one] => output::line(whole(*one))?,
        many => {
            for one in many {
                output::line(format!("{}  {}", one.name(), one.access()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn overview(Shelved { catalogue, file }: &Shelved) -> String {
    let place = file.as_ref().map_or_else(|| "built in".to_owned(), |file| file.display().to_string());
    let extent = if catalogue.is_core() { " (the most used)" } else { "" };
    format!(
        "{:<5}  {} permissions{extent} of {} services as of {}, {place}\n       {}",
        catalogue.cloud(),
        catalogue.len(),
        catalogue.services().count(),
        catalogue.date(),
        catalogue.header().source
    )
}

fn unknown(catalogues: &[&Catalogue], permission: &str) -> String {
    let mut text = format!("{permission} is not known:");
    for catalogue in catalogues {
        let (cloud, date) = (catalogue.cloud(), catalogue.date());
        text += &if catalogue.is_core() {
            format!(
                "\n  not in the built-in core of {cloud}: `deputize catalogue pull --cloud {cloud}` gets the rest"
            )
        } else {
            format!("\n  not in the catalogue of {cloud} as of {date}")
        };
    }
    if let Some(near) = catalogues.iter().find_map(|catalogue| catalogue.nearest(permission)) {
        text += &format!("\n  did you mean {}?", near.name);
    }
    text
}

fn whole(permission: Permission<'_>) -> String {
    let mut lines = vec![permission.name(), format!("  access: {}", permission.access())];
    if permission.planes().include(Plane::Data) {
        lines.push("  plane: data".to_owned());
    }
    for kind in permission.resource_types() {
        let required = if kind.required() { ", required" } else { "" };
        let arns = kind.arn_formats().collect::<Vec<_>>().join(" or ");
        lines.push(format!("  resource: {}{required}: {arns}", kind.name()));
    }
    for key in permission.condition_keys() {
        lines.push(format!("  condition key: {} ({})", key.name(), key.kind()));
    }
    lines.join("\n")
}
