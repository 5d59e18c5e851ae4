//! What changes from one scope document to another is told within bounds.

use deputize_broker::audit::{Changes, NotCompared};
use deputize_scope::ScopeDocument;

fn document(agents: &str) -> ScopeDocument {
    let text = format!("version: 1\ntenant: acme\nagents:\n{agents}");
    ScopeDocument::parse(&text).document.unwrap()
}

fn of_actions(count: usize, length: usize) -> ScopeDocument {
    let actions: Vec<String> = (0..count).map(|n| format!("\"s3:Get{}{n}\"", "x".repeat(length))).collect();
    document(&format!(
        "  ops:\n    scopes: [{{ cloud: aws, permissions: [{}], regions: [us-east-1] }}]\n",
        actions.join(", ")
    ))
}

#[test]
fn the_first_document_gives_everything_that_it_grants() {
    let changes = Changes::between(None, &of_actions(1, 0));
    assert_eq!(changes.told().len(), 1, "{changes:?}");
    assert!(changes.told()[0].starts_with("+ ops: s3:Get0 on * in us-east-1 (aws)"), "{changes:?}");
}

#[test]
fn a_document_like_the_one_before_changes_nothing() {
    let changes = Changes::between(Some(&of_actions(3, 0)), &of_actions(3, 0));
    assert_eq!(changes, Changes::default());
    assert_eq!(serde_json::to_string(&changes).unwrap(), "{}");
}

#[test]
fn a_hundred_changes_are_told_and_the_rest_is_counted() {
    let changes = Changes::between(None, &of_actions(130, 0));
    assert_eq!((changes.told().len(), changes.more()), (100, 30));
}

#[test]
fn the_text_of_changes_has_16_kib_at_most() {
    let changes = Changes::between(None, &of_actions(99, 300));
    let length: usize = changes.told().iter().map(String::len).sum();
    assert!(length <= 16 * 1024, "{length}");
    assert!(changes.more() > 0 && changes.told().len() + changes.more() == 99, "{changes:?}");
}

#[test]
fn documents_that_would_take_too_long_to_compare_are_not() {
    let many = |what: &str| (0..3_000).map(|n| format!("\"{what}{n}\"")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "  ops:\n    scopes: [{{ cloud: aws, permissions: [{}], resources: [{}], regions: [us-east-1] }}]\n",
        many("s3:Get"),
        many("arn:aws:s3:::b")
    );
    let changes = Changes::between(None, &document(&text));
    assert_eq!(changes, Changes::not_compared(NotCompared::TooMuch));
    // What stays as it is needs no comparison.
    let other = format!("{text}  dev:\n    scopes: [{{ cloud: gcp, permissions: [storage.objects.get] }}]\n");
    let told = Changes::between(Some(&document(&text)), &document(&other));
    assert_eq!(told.told(), ["+ dev: storage.objects.get on all that the identity reaches (gcp)"]);
    assert_eq!(serde_json::to_string(&changes).unwrap(), r#"{"not_compared":"too_much"}"#);
}
