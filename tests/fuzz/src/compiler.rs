//! A session policy allows exactly the calls of the authority that it was compiled from.

use arbitrary::{Result, Unstructured};

use crate::grammar::{authority, call};
use crate::judge::Judge;

/// Compiles an authority, and asks its policy about calls.
///
/// # Panics
/// Where the policy says something else than the authority.
pub fn compiler(bytes: &[u8]) {
    // Bytes that end too early are no input.
    let _ = compiled(&mut Unstructured::new(bytes));
}

fn compiled(bytes: &mut Unstructured<'_>) -> Result<()> {
    let authority = authority(bytes)?;
    let Some(judge) = Judge::of(&authority) else { return Ok(()) };
    for _ in 0..8 {
        let (action, resource, region) = call(bytes)?;
        let granted = authority.allows(&action, &resource, region);
        let allowed = judge.allows(&action, &resource, region);
        assert_eq!(allowed, granted, "{action} on {resource} in {region}: {authority:#?}");
    }
    Ok(())
}
