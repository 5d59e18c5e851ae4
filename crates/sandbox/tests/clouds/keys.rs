//! The provider of API keys: what a key may do, how many there are, and when one begins and ends to work.

use std::time::Duration;

use deputize_sandbox::keys::{Config, SandboxKeys, Service};
use deputize_sandbox::{Fault, Faults};
use serde_json::json;

use crate::served::{Hands, Reply, get, key, place, post_json, reply, scrambled, serve};

const SETTLING: Duration = Duration::from_secs(20);
const LINGERING: Duration = Duration::from_secs(5);

struct Provider {
    url: String,
    hands: Hands,
    management: Faults,
}

impl Provider {
    async fn start() -> Self {
        let (hands, (listener, base)) = (Hands::new(), place().await);
        let config =
            Config { most_keys: 3, page: 2, settling: SETTLING, lingering: LINGERING, ..Config::new(key()) };
        let sandbox = SandboxKeys::new(config, hands.clock(), scrambled());
        serve(listener, sandbox.router_under("/sandbox/keys"));
        Self { url: format!("{base}/sandbox/keys"), hands, management: sandbox.faults(Service::Management) }
    }

    async fn open(&self) -> String {
        post_json(&format!("{}/accounts", self.url), None, &json!({})).await.text_at("/secret")
    }

    async fn create(&self, secret: &str, label: &str) -> Reply {
        post_json(&format!("{}/v1/keys", self.url), Some(secret), &json!({ "label": label })).await
    }

    async fn works(&self, secret: &str) -> bool {
        let reply = get(&format!("{}/v1/whoami", self.url), Some(secret)).await;
        assert!(matches!(reply.status, 200 | 401), "{reply:?}");
        reply.status == 200
    }

    async fn labels(&self, secret: &str) -> Vec<String> {
        let (mut labels, mut url) = (Vec::new(), format!("{}/v1/keys", self.url));
        loop {
            let page = get(&url, Some(secret)).await.json();
            let keys = page["keys"].as_array().unwrap();
            assert!(keys.len() <= 2);
            labels.extend(keys.iter().map(|key| key["label"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { return labels };
            url = format!("{}/v1/keys{next}", self.url);
        }
    }

    async fn disable(&self, secret: &str, id: &str) -> Reply {
        post_json(&format!("{}/v1/keys/{id}/disable", self.url), Some(secret), &json!({})).await
    }

    async fn delete(&self, secret: &str, id: &str) -> Reply {
        reply(reqwest::Client::new().delete(format!("{}/v1/keys/{id}", self.url)).bearer_auth(secret)).await
    }
}

#[tokio::test]
async fn an_account_has_so_many_keys_and_lists_them_by_pages() {
    let provider = Provider::start().await;
    let first = provider.open().await;
    for label in ["one", "two"] {
        assert_eq!(provider.create(&first, label).await.status, 201);
    }
    let refused = provider.create(&first, "three").await;
    assert_eq!((refused.status, refused.text_at("/error/code").as_str()), (409, "too_many_keys"));
    assert_eq!(provider.labels(&first).await, ["first", "one", "two"]);
    // Another account knows nothing of them.
    assert_eq!(provider.labels(&provider.open().await).await, ["first"]);
}

#[tokio::test]
async fn a_new_key_fails_then_flaps_then_works() {
    let provider = Provider::start().await;
    let first = provider.open().await;
    let made = provider.create(&first, "one").await.text_at("/secret");
    assert!(provider.works(&first).await && !provider.works(&made).await);
    provider.hands.advance(SETTLING / 2);
    let tried = [provider.works(&made).await, provider.works(&made).await, provider.works(&made).await];
    assert_eq!(tried, [false, true, false]);
    provider.hands.advance(SETTLING / 2);
    assert!(provider.works(&made).await && provider.works(&made).await);
}

#[tokio::test]
async fn a_key_that_was_ended_works_on_for_a_while() {
    let provider = Provider::start().await;
    let first = provider.open().await;
    let made = provider.create(&first, "one").await;
    let (made, id) = (made.text_at("/secret"), made.text_at("/id"));
    provider.hands.advance(SETTLING);
    assert_eq!(provider.disable(&first, &id).await.status, 200);
    assert!(provider.works(&made).await);
    provider.hands.advance(LINGERING);
    assert!(!provider.works(&made).await);
    assert_eq!(provider.labels(&first).await, ["first", "one"]);
    assert_eq!(provider.delete(&first, &id).await.status, 204);
    assert_eq!(provider.delete(&first, &id).await.status, 404);
    assert_eq!(provider.disable(&first, &id).await.status, 404);
    assert_eq!(provider.labels(&first).await, ["first"]);
}

#[tokio::test]
async fn a_key_that_is_none_does_nothing() {
    let provider = Provider::start().await;
    let first = provider.open().await;
    for secret in ["", "sk_", "sk_AAAA", first.trim_start_matches("sk_")] {
        assert!(!provider.works(secret).await);
        let refused = provider.create(secret, "one").await;
        assert_eq!((refused.status, refused.text_at("/error/code").as_str()), (401, "invalid_key"));
    }
    assert_eq!(provider.create(&first, "").await.status, 400);
    assert_eq!(provider.delete(&first, "key_none").await.status, 404);
}

#[tokio::test]
async fn a_call_that_fails_afterwards_was_carried_out() {
    let provider = Provider::start().await;
    let first = provider.open().await;
    provider.management.next(Fault::FailAfter { status: 500 });
    let failed = provider.create(&first, "one").await;
    assert_eq!((failed.status, failed.text_at("/error/code").as_str()), (500, "InternalError"));
    assert_eq!(provider.labels(&first).await, ["first", "one"]);
}

#[tokio::test]
async fn a_key_survives_a_restart() {
    let provider = Provider::start().await;
    let first = provider.open().await;
    let again = Provider::start().await;
    assert!(again.works(&first).await);
    assert_eq!(again.labels(&first).await, ["first"]);
}
