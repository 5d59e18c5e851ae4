//! What the clouds' permissions are, read when a check first asks for it: a function that starts must not wait for it.

use std::fmt;
use std::sync::OnceLock;

use deputize_scope::catalogue::Catalogues;

/// The catalogues of a host, which it loads when they are first needed.
pub struct Shelf {
    load: Box<dyn Fn() -> Catalogues + Send + Sync>,
    loaded: OnceLock<Catalogues>,
}

impl Shelf {
    /// A shelf that is filled by this, once.
    pub fn new(load: impl Fn() -> Catalogues + Send + Sync + 'static) -> Self {
        Self { load: Box::new(load), loaded: OnceLock::new() }
    }

    /// The catalogues.
    pub(crate) fn catalogues(&self) -> &Catalogues {
        self.loaded.get_or_init(&self.load)
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("loaded", &self.loaded.get()).finish_non_exhaustive()
    }
}
