//! What the clouds' permissions are, loaded apart from the module.

use std::cell::RefCell;

use deputize_scope::Cloud;
use deputize_scope::catalogue::{Catalogue, Catalogues, Description};
use serde::Serialize;
use tsify::Tsify;

use crate::refusal::Refusal;

thread_local! {
    /// A module has one thread, and a page that checks documents has one set of catalogues.
    static LOADED: RefCell<Catalogues> = RefCell::default();
}

/// A catalogue that was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Loaded {
    /// The cloud whose permissions it has.
    #[tsify(type = "Cloud")]
    pub cloud: Cloud,
    /// The day that it tells of, as `2026-09-26`.
    pub date: String,
    /// How many permissions it knows.
    pub permissions: usize,
}

/// Loads a catalogue's text in the place of the one of its cloud: `check` and `describe` then know its permissions.
pub fn load_catalogue(text: String) -> Result<Loaded, Refusal> {
    let invalid = |problem: String| Refusal::InvalidArgument { argument: "catalogue", problem };
    let catalogue = Catalogue::parse(text).map_err(|error| invalid(error.to_string()))?;
    let loaded =
        Loaded { cloud: catalogue.cloud(), date: catalogue.date().to_owned(), permissions: catalogue.len() };
    LOADED.with_borrow_mut(|catalogues| catalogues.insert(catalogue));
    Ok(loaded)
}

/// What the loaded catalogues know of a permission.
pub fn describe(permission: &str) -> Description {
    with_loaded(|catalogues| Description::of(permission, catalogues))
}

/// Asks the loaded catalogues.
pub(crate) fn with_loaded<T>(ask: impl FnOnce(&Catalogues) -> T) -> T {
    LOADED.with_borrow(ask)
}
