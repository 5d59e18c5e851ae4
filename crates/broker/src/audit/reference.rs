//! The reference of all events, as it stands in `docs/events.md`.

use super::{Control, Kind};

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for kind in Kind::ALL {
        let mapping = kind.mapping();
        let activity = mapping.activity;
        let controls: Vec<String> = kind.controls().iter().map(|control| link(*control)).collect();
        page += &format!(
            "\n## {kind}\n\n{}\n\nOCSF: activity {} (type {}), entity {}, severity {}. SOC 2: {}.\n",
            kind.description(),
            activity.caption().unwrap_or("Other"),
            super::ocsf::type_uid(activity),
            mapping.entity.caption(),
            mapping.severity.caption(),
            controls.join(", "),
        );
    }
    page += CONTROLS_HEAD;
    for control in Control::ALL {
        let kinds: Vec<String> = control.kinds().map(|kind| format!("[`{kind}`](#{kind})")).collect();
        page += &format!("\n### {control}\n\n{}\n\n{}\n", control.evidence(), kinds.join(", "));
    }
    page
}

fn link(control: Control) -> String {
    format!("[{control}](#{})", control.name().to_lowercase().replace('.', ""))
}

const HEAD: &str = "\
# Events

What the audit ledger tells, by the name that an entry has as `event`. Names and fields are stable; fields may be added.
An event is written in the same transaction as the change that it tells of; where that happens elsewhere, before anything
of it is handed over. Keys that sign are kept elsewhere too, and told of as soon as they are made.

Monitoring is sent each as a CloudEvent (`dev.deputize.NAME.v1`) that carries an event of OCSF 1.8, class Entity
Management (3004); what that has no place for is in `unmapped`, as Deputize writes it. Severity is as given here where
an event does not say otherwise of itself.

What may be about a person is kept out of the entry, under a key of that person's: the identity of a caller, the purpose
of a request and of a use, the details of a report, the name presented in a failed sign-in. The entry names a pseudonym.
The identities that scope documents give agents are those of workloads, and stay.

This page is generated from the code by `cargo xtask events`; a test holds it to that.
";

const CONTROLS_HEAD: &str = "
## Evidence for SOC 2

`deputize audit export --control` takes one of these.
";
