//! What is contained allows no call that the grant does not; what is not has a witness.

use arbitrary::{Result, Unstructured};
use deputize_scope::aws::authority::{Authority, Certainty, Witness};

use crate::grammar::{REGIONS, authority, call};
use crate::judge::Judge;

/// Holds a request against a grant, and the answer against calls.
///
/// # Panics
/// Where a call was overlooked, or where a witness is none.
pub fn containment(bytes: &[u8]) {
    // Bytes that end too early are no input.
    let _ = contained(&mut Unstructured::new(bytes));
}

fn contained(bytes: &mut Unstructured<'_>) -> Result<()> {
    let (grant, request) = (authority(bytes)?, authority(bytes)?);
    assert_eq!(grant.contains(&grant), Ok(()), "within itself: {grant:#?}");
    match grant.contains(&request) {
        Err(witness) if witness.certainty == Certainty::Shown => check(&witness, &grant, &request),
        Err(_) => {}
        Ok(()) => {
            for _ in 0..8 {
                let (action, resource, region) = call(bytes)?;
                let overlooked =
                    request.allows(&action, &resource, region) && !grant.allows(&action, &resource, region);
                assert!(!overlooked, "{action} on {resource} in {region}: {grant:#?} {request:#?}");
            }
        }
    }
    Ok(())
}

/// The witness is a call of the request and not of the grant, by the authorities and by the policies of both.
fn check(witness: &Witness, grant: &Authority, request: &Authority) {
    let (action, resource) = (witness.action.as_str(), witness.resource.as_str());
    let named = witness.region.as_ref().map(|region| vec![region.as_str()]);
    // Without a region, no region is granted, and at least one is asked for.
    let regions = named.unwrap_or_else(|| REGIONS.to_vec());
    let context = || format!("{witness}: {grant:#?} {request:#?}");
    assert!(regions.iter().any(|region| request.allows(action, resource, region)), "{}", context());
    assert!(regions.iter().all(|region| !grant.allows(action, resource, region)), "{}", context());
    if let (Some(grant), Some(request)) = (Judge::of(grant), Judge::of(request)) {
        assert!(regions.iter().any(|region| request.allows(action, resource, region)), "{}", context());
        assert!(regions.iter().all(|region| !grant.allows(action, resource, region)), "{}", context());
    }
}
