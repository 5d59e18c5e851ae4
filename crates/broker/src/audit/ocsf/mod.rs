//! Events as monitoring takes them: CloudEvents 1.0 that carry OCSF 1.8, class Entity Management.
//!
//! <https://schema.ocsf.io/1.8.0/classes/entity_management>

mod entity;
mod mapping;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use self::entity::Entity;
pub use self::mapping::{Activity, EntityType, Mapping, Severity, Status};
use super::{AuditEvent, What};
use crate::caller::{Actor, Role};

/// The version of the schema.
const SCHEMA: &str = "1.8.0";

/// Identity & Access Management.
const CATEGORY: u32 = 3;

/// Entity Management.
const CLASS: u32 = 3004;

/// An event as it stands in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// The event.
    pub event: &'a AuditEvent,
    /// The name of its log.
    pub origin: &'a str,
    /// Its place there, counted from 0.
    pub sequence: u64,
    /// When it was put there.
    pub recorded_at: Timestamp,
}

impl Sealed<'_> {
    /// As an event of OCSF.
    pub fn ocsf(&self) -> Value {
        let AuditEvent { id, tenant, at, by, what } = self.event;
        let kind = what.kind();
        let mapping = what.mapping();
        let activity = mapping.activity;
        let activity_name = activity.caption().unwrap_or(kind.name());
        let Entity { entity, result } = what.entity();
        let mut ocsf = json!({
            "category_uid": CATEGORY,
            "category_name": "Identity & Access Management",
            "class_uid": CLASS,
            "class_name": "Entity Management",
            "activity_id": activity.id(),
            "activity_name": activity_name,
            "type_uid": type_uid(activity),
            "type_name": format!("Entity Management: {}", activity.caption().unwrap_or("Other")),
            "severity_id": mapping.severity.id(),
            "severity": mapping.severity.caption(),
            "status_id": mapping.status.id(),
            "status": mapping.status.caption(),
            "time": at.as_millisecond(),
            "message": kind.description(),
            "metadata": {
                "version": SCHEMA,
                "product": {
                    "name": "Deputize",
                    "vendor_name": "Deputize",
                    "version": env!("CARGO_PKG_VERSION"),
                },
                "uid": id.to_string(),
                "event_code": kind.name(),
                "log_name": self.origin,
                "logged_time": self.recorded_at.as_millisecond(),
                "original_time": at.to_string(),
                "sequence": self.sequence,
                "tenant_uid": tenant.as_str(),
            },
            "actor": actor(by),
            "entity": entity,
            "unmapped": unmapped(what),
        });
        let optional = [
            ("entity_result", result),
            ("status_code", what.status_code().map(Value::from)),
            ("comment", what.comment().map(Value::from)),
        ];
        if let Value::Object(ocsf) = &mut ocsf {
            ocsf.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        ocsf
    }

    /// As a CloudEvent in its JSON format, with the event of OCSF in it.
    pub fn cloud_event(&self) -> Value {
        let event = self.event;
        let ocsf = self.ocsf();
        let entity = |name: &str| ocsf.pointer(&format!("/entity/{name}")).and_then(Value::as_str);
        let subject = entity("uid").or_else(|| entity("name")).unwrap_or_default().to_owned();
        let mut cloud_event = json!({
            "specversion": "1.0",
            "id": event.id.to_string(),
            "source": self.origin,
            "type": format!("dev.deputize.{}.v1", event.what.kind()),
            "time": event.at.to_string(),
            "datacontenttype": "application/json",
            "data": ocsf,
        });
        // A subject must not be empty: CloudEvents 1.0, 3.1.
        if let Value::Object(cloud_event) = &mut cloud_event
            && !subject.is_empty()
        {
            cloud_event.insert("subject".to_owned(), subject.into());
        }
        cloud_event
    }
}

/// `type_uid` of an activity.
pub(super) fn type_uid(activity: Activity) -> u32 {
    CLASS * 100 + u32::from(activity.id())
}

/// Who did it: a caller by its identity, which the ledger has replaced by a pseudonym; or Deputize.
fn actor(by: &Actor) -> Value {
    match by {
        Actor::Broker => json!({ "app_name": "Deputize" }),
        Actor::Caller { role, identity } => {
            let (name, type_id, kind) = match role {
                Role::Agent { agent } => (agent.as_str(), 4, "Service"),
                Role::Admin => ("admin", 2, "Admin"),
                Role::Auditor => ("auditor", 1, "User"),
            };
            json!({ "user": { "uid": identity, "name": name, "type_id": type_id, "type": kind } })
        }
    }
}

/// What the schema has no place for: the event as Deputize writes it, so that nothing is lost.
fn unmapped(what: &What) -> Map<String, Value> {
    match serde_json::to_value(what) {
        Ok(Value::Object(map)) => map,
        // Every event is an object of JSON.
        _ => Map::new(),
    }
}
