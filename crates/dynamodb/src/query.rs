//! Queries of leases: one partition of an index, or all of its shards merged.

use aws_sdk_dynamodb::types::AttributeValue;
use deputize_broker::lease::Lease;
use deputize_broker::ports::StoreError;
use deputize_scope::AgentId;
use futures_util::future::try_join_all;

use crate::Store;
use crate::error::store_error;
use crate::item::{Item, text};
use crate::table::Index;

/// Which leases of an index's partition are wanted.
#[derive(Clone, Debug)]
pub(crate) struct LeaseQuery<'a> {
    pub(crate) index: Index,
    /// Only those whose sort key is less.
    pub(crate) below: Option<String>,
    /// Only those of this agent, where the partition holds others.
    pub(crate) of: Option<&'a AgentId>,
    pub(crate) ascending: bool,
    /// At most so many.
    pub(crate) limit: usize,
}

impl Store {
    /// The leases of these partitions, in the order of `order`, the first `limit` of them.
    pub(crate) async fn leases<K: Ord>(
        &self,
        partitions: Vec<String>,
        query: &LeaseQuery<'_>,
        order: impl Fn(&Lease) -> K,
    ) -> Result<Vec<Lease>, StoreError> {
        let shards = partitions.into_iter().map(|partition| self.leases_of(partition, query));
        let mut leases: Vec<Lease> = try_join_all(shards).await?.into_iter().flatten().collect();
        leases.sort_by_key(order);
        leases.truncate(query.limit);
        Ok(leases)
    }

    async fn leases_of(&self, partition: String, query: &LeaseQuery<'_>) -> Result<Vec<Lease>, StoreError> {
        let mut leases = Vec::new();
        let mut start = None;
        loop {
            let mut request = self
                .client
                .query()
                .table_name(&*self.table)
                .index_name(query.index.name)
                .scan_index_forward(query.ascending)
                .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .expression_attribute_names("#pk", query.index.pk)
                .expression_attribute_values(":pk", AttributeValue::S(partition.clone()));
            request = match &query.below {
                Some(below) => request
                    .key_condition_expression("#pk = :pk AND #sk < :below")
                    .expression_attribute_names("#sk", query.index.sk)
                    .expression_attribute_values(":below", text(below)),
                None => request.key_condition_expression("#pk = :pk"),
            };
            if let Some(agent) = query.of {
                request = request
                    .filter_expression("#agent = :agent")
                    .expression_attribute_names("#agent", "agent")
                    .expression_attribute_values(":agent", text(agent));
            }
            let page = request.send().await.map_err(store_error)?;
            for item in page.items.unwrap_or_default() {
                leases.push(Item::from(item).json("lease")?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || leases.len() >= query.limit {
                return Ok(leases);
            }
        }
    }
}
