//! All keys of an owner, over as many pages as there are.

use std::collections::BTreeSet;

use deputize_broker::ports::rotation::{KeyId, ListedKey, OperationId, ProviderError};
use deputize_broker::stored::secret::StoredApiKey;
use deputize_http::{Answer, Url};
use deputize_scope::connector::{List, Next};
use serde_json::Value;

use super::answer::{Meaning, is_id, meaning, refused};
use super::exchange::{Exchange, Failure, Kind};
use super::request::Call;

/// The most pages that are read: an owner with more keys than they hold has another problem.
const MOST_PAGES: u32 = 50;

/// Reads pages until there is nothing new. A list that is cut off is no list: what it lacks would count as gone.
pub(super) async fn all(
    exchange: &Exchange<'_>,
    current: &StoredApiKey,
) -> Result<Vec<ListedKey>, ProviderError> {
    let list = &exchange.connector.list;
    let call = Call { id: None, label: None, key: &current.key };
    let failed = |failure: Failure| failure.into_error(Kind::Read);
    let first = exchange.url(&list.call, &call).map_err(failed)?;
    let (mut keys, mut seen): (Vec<ListedKey>, BTreeSet<KeyId>) = Default::default();
    let mut next = Some(page_of(list, &first, 1));
    for number in 1..=MOST_PAGES {
        let Some(url) = next else { return Ok(keys) };
        let answer = exchange.send_to(url.clone(), &list.call, &call, Kind::Read).await?;
        let said = said(exchange, &answer, &call)?;
        let page = page(list, &said).ok_or_else(|| failed(Failure::Unreadable))?;
        let before = keys.len();
        keys.extend(page.into_iter().filter(|key| seen.insert(key.id.clone())));
        next = match &list.next {
            // Also the end where a provider does not know the parameter, and gives the same page again.
            Some(Next::Page(_)) if keys.len() > before => Some(page_of(list, &first, number + 1)),
            Some(Next::Link(at)) => match at.find(&said) {
                Some(Value::String(link)) if !link.is_empty() => {
                    let link = url.join(link).map_err(|_| failed(Failure::Malformed))?;
                    Some(exchange.allowed(link.as_str()).map_err(failed)?)
                }
                _ => None,
            },
            Some(Next::Page(_)) | None => None,
        };
    }
    if next.is_none() { Ok(keys) } else { Err(failed(Failure::Unreadable)) }
}

/// The address of a page, where pages are counted.
fn page_of(list: &List, first: &Url, number: u32) -> Url {
    let mut url = first.clone();
    if let Some(Next::Page(parameter)) = &list.next {
        url.query_pairs_mut().append_pair(parameter, &number.to_string());
    }
    url
}

/// What the answer says, where it is the list.
fn said(exchange: &Exchange<'_>, answer: &Answer, call: &Call<'_>) -> Result<Value, ProviderError> {
    match meaning(answer, &exchange.connector.list.call.success) {
        Meaning::Done(Some(said)) => Ok(said),
        Meaning::NotDone(said) => Err(refused(exchange, answer, said.as_ref(), Kind::Read, call)),
        Meaning::Done(None) | Meaning::Unclear => Err(Failure::Unreadable.into_error(Kind::Read)),
    }
}

/// The keys of a page; none where one of them has no id, for it could not be deleted.
fn page(list: &List, said: &Value) -> Option<Vec<ListedKey>> {
    let key = |item: &Value| {
        let id = list.id.text(item).filter(|id| is_id(id))?;
        let label = list.label.as_ref().and_then(|at| at.text(item));
        Some(ListedKey {
            id: KeyId::new(id),
            operation: label.and_then(|label| OperationId::of_label(&label)),
        })
    };
    list.items.find(said)?.as_array()?.iter().map(key).collect()
}
