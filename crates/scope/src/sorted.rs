//! Maps and sets in the order of their keys, and sorting.
//!
//! The standard library's do the same and are faster with millions of elements. They are also compiled anew, at some
//! kilobytes, for each type that they hold: in the validator for browsers, two fifths of the code were theirs. What
//! is compiled per type here is a search and an insertion.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::ops::Index;

use serde::{Serialize, Serializer};

/// How many entries stand together. Entering one moves fewer than these, and the blocks after its own.
const BLOCK: usize = 64;

/// Up to how many elements are sorted by insertion.
const FEW: usize = 16;

/// A map in the order of its keys.
#[derive(Clone, Debug)]
pub struct SortedMap<K, V> {
    /// None of them is empty.
    blocks: Vec<Vec<(K, V)>>,
}

/// A block, and a place in it.
type Place = (usize, usize);

impl<K, V> SortedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { blocks: Vec::new() }
    }

    /// The keys and their values, in the order of the keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone {
        self.blocks.iter().flatten().map(|(key, value)| (key, value))
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.blocks.iter().flatten().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.blocks.iter().flatten().map(|(_, value)| value)
    }

    /// The values in the order of their keys.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(Vec::len).sum()
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (block, place) = self.find(key).ok()?;
        self.blocks.get(block)?.get(place).map(|(_, value)| value)
    }

    /// Whether there is a value for a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Enters a value, and gives back the one that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => self.value_at(place).map(|known| std::mem::replace(known, value)),
            Err(place) => {
                self.enter(place, key, value);
                None
            }
        }
    }

    /// Takes a value out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (block, place) = self.find(key).ok()?;
        let entries = self.blocks.get_mut(block)?;
        let (_, value) = entries.remove(place);
        if entries.is_empty() {
            self.blocks.remove(block);
        }
        Some(value)
    }

    /// Changes the value of a key, which is its type's default where there was none.
    pub fn update(&mut self, key: K, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        match self.find(&key) {
            Ok(place) => {
                if let Some(known) = self.value_at(place) {
                    change(known);
                }
            }
            Err(place) => {
                let mut value = V::default();
                change(&mut value);
                self.enter(place, key, value);
            }
        }
    }

    /// Where a key is, or where it belongs.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        let before = |block: &Vec<(K, V)>| {
            block.last().is_some_and(|(last, _)| last.borrow().cmp(key) == Ordering::Less)
        };
        // What comes after all others belongs to the last block.
        let block = self.blocks.partition_point(before).min(self.blocks.len().saturating_sub(1));
        let entries = self.blocks.get(block).map_or(&[][..], Vec::as_slice);
        match entries.binary_search_by(|(known, _)| known.borrow().cmp(key)) {
            Ok(place) => Ok((block, place)),
            Err(place) => Err((block, place)),
        }
    }

    fn value_at(&mut self, (block, place): Place) -> Option<&mut V> {
        self.blocks.get_mut(block)?.get_mut(place).map(|(_, value)| value)
    }

    fn enter(&mut self, (block, place): Place, key: K, value: V) {
        let Some(entries) = self.blocks.get_mut(block) else {
            self.blocks.push(vec![(key, value)]);
            return;
        };
        entries.insert(place, (key, value));
        if entries.len() > BLOCK {
            let tail = entries.split_off(BLOCK / 2);
            self.blocks.insert(block + 1, tail);
        }
    }
}

/// Maps and sets are compared by what they hold: how it lies in blocks depends on how it came.
impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

/// # Panics
/// Where there is no value for the key.
impl<K: Borrow<Q> + Ord, Q: Ord + ?Sized, V> Index<&Q> for SortedMap<K, V> {
    type Output = V;

    #[expect(clippy::expect_used, reason = "as the standard library's maps do")]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry found for key")
    }
}

impl<K: Serialize, V: Serialize> Serialize for SortedMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.blocks.into_iter().flatten()
    }
}

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter =
        std::iter::Map<std::iter::Flatten<std::slice::Iter<'a, Vec<(K, V)>>>, fn(&'a (K, V)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.blocks.iter().flatten().map(|(key, value)| (key, value))
    }
}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<T: IntoIterator<Item = (K, V)>>(&mut self, entries: T) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        Self::from_iter(entries)
    }
}

/// A set in its elements' order.
#[derive(Clone, Debug)]
pub struct SortedSet<T> {
    map: SortedMap<T, ()>,
}

impl<T> SortedSet<T> {
    /// An empty set.
    pub const fn new() -> Self {
        Self { map: SortedMap::new() }
    }

    /// The elements, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.map.keys()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.map.len()
    }
}

impl<T: Ord> SortedSet<T> {
    /// Enters an element, and says whether it is new.
    pub fn insert(&mut self, element: T) -> bool {
        self.map.insert(element, ()).is_none()
    }

    /// Whether an element is in it.
    pub fn contains<Q: Ord + ?Sized>(&self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.contains_key(element)
    }

    /// Whether all its elements are in another set too.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|element| other.contains(element))
    }
}

impl<T: Ord> Ord for SortedSet<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl<T: Ord> PartialOrd for SortedSet<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for SortedSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for SortedSet<T> {}

impl<T: Hash> Hash for SortedSet<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|element| element.hash(state));
    }
}

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = std::iter::Map<<SortedMap<T, ()> as IntoIterator>::IntoIter, fn((T, ())) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.map.into_iter().map(|(element, ())| element)
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        for element in elements {
            self.insert(element);
        }
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut set = Self::new();
        set.extend(elements);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for SortedSet<T> {
    fn from(elements: [T; N]) -> Self {
        Self::from_iter(elements)
    }
}

/// Sorts, and keeps what is equal in its order.
pub(crate) fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts by a key, and keeps what has the same in its order.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts by a comparison, and keeps what is equal in its order.
pub(crate) fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let compared = |items: &[T], one: usize, other: usize| match (items.get(one), items.get(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    };
    if items.len() <= FEW {
        for end in 1..items.len() {
            let mut at = end;
            while at > 0 && compared(items, at - 1, at) == Ordering::Greater {
                items.swap(at - 1, at);
                at -= 1;
            }
        }
        return;
    }
    let mut places = places(items.len(), &|one, other| compared(items, one, other));
    // Each exchange brings an element to where it belongs.
    for at in 0..items.len() {
        while let Some(place) = places.get(at).copied().filter(|place| *place != at) {
            items.swap(at, place);
            places.swap(at, place);
        }
    }
}

/// Which of so many elements are equal to one before them.
pub(crate) fn repeated(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<bool> {
    let mut repeated = vec![false; count];
    for [one, other] in order(count, compare).array_windows() {
        if let Some(repeated) = repeated.get_mut(*other) {
            *repeated = compare(*one, *other) == Ordering::Equal;
        }
    }
    repeated
}

/// Where each of so many elements belongs. Compiled once: it knows them by their places alone.
fn places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places = vec![0; count];
    for (place, element) in order(count, compare).into_iter().enumerate() {
        if let Some(known) = places.get_mut(element) {
            *known = place;
        }
    }
    places
}

/// The elements in their order, and what is equal in that of their places.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_unstable_by(|one, other| compare(*one, *other).then(one.cmp(other)));
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_map_is_as_the_standard_library_has_it(entries: Vec<(u8, u16)>, asked: u8) {
            let (mut map, mut known) = (SortedMap::new(), BTreeMap::new());
            for (key, value) in &entries {
                prop_assert_eq!(map.insert(*key, *value), known.insert(*key, *value));
            }
            map.update(asked, |value| *value = value.wrapping_add(1));
            known.entry(asked).and_modify(|value: &mut u16| *value = value.wrapping_add(1)).or_insert(1);
            prop_assert_eq!(map.get(&asked), known.get(&asked));
            prop_assert_eq!(map.len(), known.len());
            prop_assert!(map.iter().eq(known.iter()));
            prop_assert!(map.into_values().eq(known.into_values()));
        }

        #[test]
        fn what_is_sorted_is_as_the_standard_library_sorts_it(mut items: Vec<(u8, u16)>) {
            let mut known = items.clone();
            known.sort_by_key(|item| item.0);
            sort_by_key(&mut items, |item| item.0);
            prop_assert_eq!(&items, &known);
            known.sort();
            sort(&mut items);
            prop_assert_eq!(items, known);
        }
    }

    #[test]
    fn a_map_of_many_entries_stays_in_order() {
        let keys = (0..5000_u32).map(|number| number.wrapping_mul(2_654_435_761));
        let map: SortedMap<u32, u32> = keys.clone().map(|key| (key, !key)).collect();
        let known: BTreeMap<u32, u32> = keys.map(|key| (key, !key)).collect();
        assert!(map.iter().eq(known.iter()));
        assert!(map.blocks.iter().all(|block| !block.is_empty() && block.len() <= BLOCK));
    }
}
