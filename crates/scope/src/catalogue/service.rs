//! A service of a cloud, and what its permissions speak of.

use super::Catalogue;
use super::index::ServiceEntry;
use super::permission::{ConditionKey, Permission, ResourceType};
use crate::Cloud;

/// A service: `s3`, `storage`, `Microsoft.Storage`.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) service: &'a ServiceEntry,
}

impl<'a> Service<'a> {
    /// The service's name.
    pub fn name(self) -> &'a str {
        self.catalogue.slice(self.service.name)
    }

    /// The cloud that has it.
    pub fn cloud(self) -> Cloud {
        self.catalogue.cloud()
    }

    /// Its permissions.
    pub fn permissions(self) -> impl Iterator<Item = Permission<'a>> {
        self.catalogue.permissions_of(self.service)
    }

    /// How many permissions it has.
    pub fn len(self) -> usize {
        self.service.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.service.entries.is_empty()
    }

    /// The types of resources that it has.
    pub fn resource_types(self) -> impl Iterator<Item = ResourceType<'a>> {
        let types = self.catalogue.index.types.get(self.service.types.clone()).unwrap_or_default();
        types.iter().map(move |line| ResourceType::new(self, *line, true))
    }

    /// The condition keys that its permissions or types know, its own and those of all services.
    pub fn condition_keys(self) -> impl Iterator<Item = ConditionKey<'a>> {
        let keys = self.catalogue.index.keys.get(self.service.keys.clone()).unwrap_or_default();
        keys.iter().map(move |line| ConditionKey::new(self.catalogue.expanded(*line)))
    }

    pub(super) fn type_at(self, place: usize, required: bool) -> Option<ResourceType<'a>> {
        let types = self.catalogue.index.types.get(self.service.types.clone())?;
        types.get(place).map(|line| ResourceType::new(self, *line, required))
    }

    /// The keys of a set, which are counted from 1: 0 and what does not exist are empty.
    pub(super) fn keys_of(self, set: usize) -> impl Iterator<Item = ConditionKey<'a>> {
        let index = &self.catalogue.index;
        let sets = index.sets.get(self.service.sets.clone()).unwrap_or_default();
        let set = set.checked_sub(1).and_then(|place| sets.get(place));
        let places = set.map(|line| self.catalogue.slice(*line)).unwrap_or_default();
        let keys = index.keys.get(self.service.keys.clone()).unwrap_or_default();
        places.split(',').filter_map(move |place| {
            let line = keys.get(place.parse::<usize>().ok()?)?;
            Some(ConditionKey::new(self.catalogue.expanded(*line)))
        })
    }
}
