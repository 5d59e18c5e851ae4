//! Files that are too many: beyond the checkpoint, of no log, or left from when a tile was narrower.

use super::{Fault, Log};
use crate::bundle;
use crate::tile::{Kind, TilePath};

impl Log<'_> {
    /// That there is no file that does not belong. `false` where the source cannot tell.
    pub(super) fn has_no_strays(&self) -> Result<bool, Fault> {
        let mut first = None;
        let each = self.source.each(&mut |path| {
            let fault = self.stray(path);
            if let (None, Err(fault)) = (&first, fault) {
                first = Some(fault);
            }
        });
        let complete = each.map_err(|source| Fault::Source { path: "tile".to_owned(), source })?;
        first.map_or(Ok(complete), Err)
    }

    fn stray(&self, path: &str) -> Result<(), Fault> {
        let Ok(path) = path.parse::<TilePath>() else { return Err(Fault::Stray { path: path.to_owned() }) };
        match TilePath::within(self.size, path.kind(), path.index()) {
            Some(wider) if path.width() < wider.width() => self.agrees(path, wider),
            Some(same) if path == same => Ok(()),
            _ => Err(Fault::Beyond { path, size: self.size }),
        }
    }

    /// That a narrower tile or bundle is the beginning of the wider one, which was verified.
    fn agrees(&self, path: TilePath, wider: TilePath) -> Result<(), Fault> {
        let (left, all) = (self.read(path)?, self.read(wider)?);
        let width = usize::from(path.width());
        let length = match path.kind() {
            Kind::Hashes(_) => Some(width * 32),
            Kind::Entries => bundle::decode(&all)
                .ok()
                .map(|entries| entries.into_iter().take(width).map(|entry| entry.len() + 2).sum()),
        };
        let is_beginning =
            length.and_then(|length| all.get(..length)).is_some_and(|beginning| beginning == left);
        if is_beginning { Ok(()) } else { Err(Fault::Contradiction { path, wider }) }
    }
}
