//! Merkle trees: hashing, appending, and proofs of both kinds.
//!
//! RFC 6962, section 2.1 (hashes, paths, consistency proofs) with the verification algorithms of RFC 9162, sections
//! 2.1.3.2 and 2.1.4.2. Only complete subtrees are stored, each once and for ever: the node at `(level, index)` covers
//! the leaves `index·2^level … (index+1)·2^level − 1`. Whatever is incomplete at the right edge is computed. Where
//! nodes are kept is the store's business: it may ask [`inclusion_nodes`] first which ones a proof needs, read them in
//! one go, and hand them in.

use serde::{Deserialize, Serialize};

use crate::LedgerError;

/// The hash of a node, a root or a leaf.
pub type Hash = crypto::Sha256;

/// No proof has more hashes than this: a tree has fewer than 2⁶⁴ leaves, and a consistency proof one hash more.
pub const MAX_PROOF_HASHES: usize = 65;

/// The root of the tree without leaves: the hash of nothing (RFC 6962, section 2.1).
#[must_use]
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// The hash of a leaf: `SHA-256(0x00 ‖ data)` (RFC 6962, section 2.1).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut input = Vec::with_capacity(1 + data.len());
    input.push(0);
    input.extend_from_slice(data);
    Hash::of(&input)
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962, section 2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = Vec::with_capacity(65);
    input.push(1);
    input.extend_from_slice(left.as_bytes());
    input.extend_from_slice(right.as_bytes());
    Hash::of(&input)
}

/// Where a complete subtree stands: `2^level` leaves, the `index`-th of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    /// Height above the leaves; leaves stand at 0.
    pub level: u8,
    /// Position within the level, from the left, from 0.
    pub index: u64,
}

/// A complete subtree and its hash, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub id: NodeId,
    /// The root hash of the subtree.
    pub hash: Hash,
}

/// The right edge of a tree: all that is needed to append to it and to say its root.
///
/// Holds one hash for each one bit of the size, the largest subtree first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "FrontierParts", into = "FrontierParts")]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

#[derive(Serialize, Deserialize)]
struct FrontierParts {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A frontier from what was stored, the largest subtree first.
    ///
    /// # Errors
    /// [`LedgerError::Frontier`] when the number of hashes does not fit the size.
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Self, LedgerError> {
        let expected = size.count_ones();
        if usize::try_from(expected).is_ok_and(|expected| expected == hashes.len()) {
            Ok(Self { size, hashes })
        } else {
            Err(LedgerError::Frontier { size, expected, actual: hashes.len() })
        }
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees that make up the tree, the largest first.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends a leaf hash; returns the nodes that became complete, the leaf first, for the store to keep.
    ///
    /// # Errors
    /// [`LedgerError::TreeFull`] at 2⁶⁴ − 1 leaves.
    pub fn append(&mut self, leaf: Hash) -> Result<Vec<Node>, LedgerError> {
        let size = self.size.checked_add(1).ok_or(LedgerError::TreeFull)?;
        let mut node = Node { id: NodeId { level: 0, index: self.size }, hash: leaf };
        let mut complete = vec![node];
        // Each trailing one bit of the old size is a subtree that the new leaf completes into one of twice its size.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.hashes.pop() else { break };
            node = Node {
                id: NodeId { level: node.id.level + 1, index: node.id.index >> 1 },
                hash: node_hash(&left, &node.hash),
            };
            complete.push(node);
        }
        self.hashes.push(node.hash);
        self.size = size;
        Ok(complete)
    }

    /// The root of the tree (RFC 6962, section 2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_right(&self.hashes).unwrap_or_else(empty_root)
    }
}

impl TryFrom<FrontierParts> for Frontier {
    type Error = LedgerError;

    fn try_from(parts: FrontierParts) -> Result<Self, Self::Error> {
        Self::from_parts(parts.size, parts.hashes)
    }
}

impl From<Frontier> for FrontierParts {
    fn from(frontier: Frontier) -> Self {
        Self { size: frontier.size, hashes: frontier.hashes }
    }
}

/// A whole tree in memory, for windows, and for logs that are small enough.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    frontier: Frontier,
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of the given leaf hashes.
    ///
    /// # Errors
    /// [`LedgerError::TreeFull`] if there were 2⁶⁴ of them.
    pub fn from_leaves(leaves: impl IntoIterator<Item = Hash>) -> Result<Self, LedgerError> {
        let mut tree = Self::new();
        for leaf in leaves {
            tree.push(leaf)?;
        }
        Ok(tree)
    }

    /// Appends a leaf hash.
    ///
    /// # Errors
    /// [`LedgerError::TreeFull`] at 2⁶⁴ − 1 leaves.
    pub fn push(&mut self, leaf: Hash) -> Result<(), LedgerError> {
        for (level, node) in self.frontier.append(leaf)?.into_iter().enumerate() {
            match self.levels.get_mut(level) {
                Some(row) => row.push(node.hash),
                None => self.levels.push(vec![node.hash]),
            }
        }
        Ok(())
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The stored node at a place, if that subtree is complete.
    #[must_use]
    pub fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let row = self.levels.get(usize::from(level))?;
        row.get(usize::try_from(index).ok()?).copied()
    }

    /// The root when the tree had `size` leaves.
    ///
    /// # Errors
    /// [`LedgerError::NodeMissing`] when it never had so many.
    pub fn root_at(&self, size: u64) -> Result<Hash, LedgerError> {
        root(size, |level, index| self.node(level, index))
    }

    /// The proof that leaf `index` is in the tree of all leaves.
    ///
    /// # Errors
    /// [`LedgerError::LeafOutside`] when there is no such leaf.
    pub fn inclusion_proof(&self, index: u64) -> Result<Vec<Hash>, LedgerError> {
        inclusion_proof(index, self.size(), |level, index| self.node(level, index))
    }

    /// The proof that the tree of `old` leaves is the beginning of this one.
    ///
    /// # Errors
    /// [`LedgerError::SizesReversed`] when there are fewer than `old` leaves.
    pub fn consistency_proof(&self, old: u64) -> Result<Vec<Hash>, LedgerError> {
        consistency_proof(old, self.size(), |level, index| self.node(level, index))
    }
}

/// A run of leaves `[start, end)` that is a subtree of the RFC's recursion: its start is a multiple of the power of
/// two that covers its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u64,
    end: u64,
}

impl Span {
    const fn len(self) -> u64 {
        self.end - self.start
    }

    /// Splits at the largest power of two below the length. Only for two leaves or more.
    const fn split(self) -> (Self, Self) {
        let middle = self.start + (1_u64 << (self.len() - 1).ilog2());
        (Self { start: self.start, end: middle }, Self { start: middle, end: self.end })
    }

    /// The complete subtrees that make up the span, from the left.
    fn nodes(self) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        let mut start = self.start;
        for level in (0..64_u8).rev() {
            if self.len() & (1 << level) != 0 {
                nodes.push(NodeId { level, index: start >> level });
                start += 1 << level;
            }
        }
        nodes
    }

    fn hash(self, nodes: &mut impl FnMut(u8, u64) -> Option<Hash>) -> Result<Hash, LedgerError> {
        let parts = self
            .nodes()
            .into_iter()
            .map(|NodeId { level, index }| {
                nodes(level, index).ok_or(LedgerError::NodeMissing { level, index })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(fold_right(&parts).unwrap_or_else(empty_root))
    }
}

/// The root over subtrees given from the left, the largest first; `None` over none.
fn fold_right(hashes: &[Hash]) -> Option<Hash> {
    hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right))
}

/// The siblings on the way from a leaf to the root, from below: PATH of RFC 6962, section 2.1.1.
fn inclusion_spans(index: u64, size: u64) -> Result<Vec<Span>, LedgerError> {
    if index >= size {
        return Err(LedgerError::LeafOutside { index, size });
    }
    let mut spans = Vec::new();
    let mut span = Span { start: 0, end: size };
    while span.len() > 1 {
        let (left, right) = span.split();
        let (next, sibling) = if index < left.end { (left, right) } else { (right, left) };
        spans.push(sibling);
        span = next;
    }
    spans.reverse();
    Ok(spans)
}

/// The subtrees of a consistency proof, from below: PROOF of RFC 6962, section 2.1.2.
fn consistency_spans(old: u64, new: u64) -> Result<Vec<Span>, LedgerError> {
    if old > new {
        return Err(LedgerError::SizesReversed { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut spans = Vec::new();
    let mut span = Span { start: 0, end: new };
    // While the way leads along the left edge, the old root stands for the last subtree and need not be sent.
    let mut on_left_edge = true;
    while span.end != old {
        let (left, right) = span.split();
        if old <= left.end {
            spans.push(right);
            span = left;
        } else {
            spans.push(left);
            span = right;
            on_left_edge = false;
        }
    }
    if !on_left_edge {
        spans.push(span);
    }
    spans.reverse();
    Ok(spans)
}

fn node_list(spans: Vec<Span>) -> Vec<NodeId> {
    spans.into_iter().flat_map(Span::nodes).collect()
}

fn hash_list(
    spans: Vec<Span>,
    mut nodes: impl FnMut(u8, u64) -> Option<Hash>,
) -> Result<Vec<Hash>, LedgerError> {
    spans.into_iter().map(|span| span.hash(&mut nodes)).collect()
}

/// The stored nodes that make up the root of `size` leaves, from the left; they are a [`Frontier`]'s hashes.
#[must_use]
pub fn root_nodes(size: u64) -> Vec<NodeId> {
    Span { start: 0, end: size }.nodes()
}

/// The stored nodes that [`inclusion_proof`] will ask for.
///
/// # Errors
/// [`LedgerError::LeafOutside`] when the tree has no such leaf.
pub fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<NodeId>, LedgerError> {
    inclusion_spans(index, size).map(node_list)
}

/// The stored nodes that [`consistency_proof`] will ask for.
///
/// # Errors
/// [`LedgerError::SizesReversed`] when the old size is the greater one.
pub fn consistency_nodes(old: u64, new: u64) -> Result<Vec<NodeId>, LedgerError> {
    consistency_spans(old, new).map(node_list)
}

/// The root of the first `size` leaves, from stored nodes.
///
/// # Errors
/// [`LedgerError::NodeMissing`] when `nodes` has no hash for a place.
pub fn root(size: u64, mut nodes: impl FnMut(u8, u64) -> Option<Hash>) -> Result<Hash, LedgerError> {
    Span { start: 0, end: size }.hash(&mut nodes)
}

/// The proof that leaf `index` is among the first `size` leaves, from stored nodes (RFC 6962, section 2.1.1).
///
/// # Errors
/// [`LedgerError::LeafOutside`] when there is no such leaf, [`LedgerError::NodeMissing`] when `nodes` lacks a hash.
pub fn inclusion_proof(
    index: u64,
    size: u64,
    nodes: impl FnMut(u8, u64) -> Option<Hash>,
) -> Result<Vec<Hash>, LedgerError> {
    hash_list(inclusion_spans(index, size)?, nodes)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new`, from stored nodes (RFC 6962, section
/// 2.1.2). Empty from the empty tree and between equal sizes.
///
/// # Errors
/// [`LedgerError::SizesReversed`] when `old` is the greater, [`LedgerError::NodeMissing`] when `nodes` lacks a hash.
pub fn consistency_proof(
    old: u64,
    new: u64,
    nodes: impl FnMut(u8, u64) -> Option<Hash>,
) -> Result<Vec<Hash>, LedgerError> {
    hash_list(consistency_spans(old, new)?, nodes)
}

/// A tree as a checkpoint states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Checks that the leaf is the `index`-th of the tree (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`LedgerError::LeafOutside`] for an index beyond the tree, [`LedgerError::ProofFails`] for a proof that does not hold.
pub fn verify_inclusion(leaf: &Hash, index: u64, tree: &TreeHead, proof: &[Hash]) -> Result<(), LedgerError> {
    let TreeHead { size, root } = *tree;
    if index >= size {
        return Err(LedgerError::LeafOutside { index, size });
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(LedgerError::ProofFails { kind: "inclusion", size });
        }
        if is_right(node, last) {
            hash = node_hash(sibling, &hash);
            (node, last) = skip_lonely(node, last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last == 0 && hash == root { Ok(()) } else { Err(LedgerError::ProofFails { kind: "inclusion", size }) }
}

/// Checks that the old tree is the beginning of the new one (RFC 9162, section 2.1.4.2). Every tree begins with the
/// empty one.
///
/// # Errors
/// [`LedgerError::SizesReversed`] when the old tree is the larger, [`LedgerError::ProofFails`] when the proof does not hold.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, proof: &[Hash]) -> Result<(), LedgerError> {
    if old.size > new.size {
        return Err(LedgerError::SizesReversed { old: old.size, new: new.size });
    }
    let holds = if old.size == 0 {
        proof.is_empty() && old.root == empty_root()
    } else if old.size == new.size {
        proof.is_empty() && old.root == new.root
    } else {
        grows_into(old, new, proof)
    };
    if holds { Ok(()) } else { Err(LedgerError::ProofFails { kind: "consistency", size: new.size }) }
}

/// The loop of RFC 9162, section 2.1.4.2, for `0 < old.size < new.size`.
fn grows_into(old: &TreeHead, new: &TreeHead, proof: &[Hash]) -> bool {
    // A complete old tree is itself the first subtree, and its proof leaves it out.
    let (first, rest) = if old.size.is_power_of_two() {
        (old.root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return false,
        }
    };
    let shift = (old.size - 1).trailing_ones();
    let (mut node, mut last) = ((old.size - 1) >> shift, (new.size - 1) >> shift);
    let (mut old_hash, mut new_hash) = (first, first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if is_right(node, last) {
            old_hash = node_hash(hash, &old_hash);
            new_hash = node_hash(hash, &new_hash);
            (node, last) = skip_lonely(node, last);
        } else {
            new_hash = node_hash(&new_hash, hash);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && old_hash == old.root && new_hash == new.root
}

/// Whether the sibling of a node stands at its left: it is a right child, or the last of its level and moved up.
const fn is_right(node: u64, last: u64) -> bool {
    node & 1 == 1 || node == last
}

/// Skips the levels at which the last node has no sibling and moves up as it is.
const fn skip_lonely(node: u64, last: u64) -> (u64, u64) {
    if node == 0 { (node, last) } else { (node >> node.trailing_zeros(), last >> node.trailing_zeros()) }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
