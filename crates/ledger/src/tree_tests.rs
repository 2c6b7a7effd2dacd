//! Trees against the published test data of Certificate Transparency and the recursion of RFC 6962 itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;

/// The leaves of the Certificate Transparency test data, in hexadecimal.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// The roots over the first 0 … 8 of them, as published.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn reference() -> Tree {
    Tree::from_leaves(LEAVES.iter().map(|leaf| leaf_hash(&hex::decode(leaf).unwrap()))).unwrap()
}

fn many(count: u64) -> Vec<Hash> {
    (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn head(tree: &Tree, size: u64) -> TreeHead {
    TreeHead { size, root: tree.root_at(size).unwrap() }
}

fn hexes(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(ToString::to_string).collect()
}

#[test]
fn roots_are_those_of_the_published_test_data() {
    let tree = reference();
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(tree.root_at(size as u64).unwrap().to_string(), *root, "size {size}");
    }
    assert_eq!(tree.root().to_string(), ROOTS[8]);
    assert_eq!(Tree::new().root(), empty_root());
    assert!(matches!(tree.root_at(9), Err(LedgerError::NodeMissing { level: 0, index: 8 })));
}

#[test]
fn proofs_are_those_of_the_published_test_data() {
    let tree = reference();
    assert_eq!(
        hexes(&tree.inclusion_proof(0).unwrap()),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        hexes(&tree.inclusion_proof(5).unwrap()),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        hexes(&tree.consistency_proof(6).unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    let proof = consistency_proof(2, 5, |level, index| tree.node(level, index)).unwrap();
    assert_eq!(
        hexes(&proof),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
    );
}

/// The recursion of RFC 6962, section 2.1, word for word: slow, and sure.
fn plain_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            node_hash(&plain_root(left), &plain_root(right))
        }
    }
}

#[test]
fn frontier_and_stored_nodes_agree_with_the_recursion() {
    let leaves = many(70);
    let mut frontier = Frontier::new();
    let tree = Tree::from_leaves(leaves.clone()).unwrap();
    for (size, leaf) in leaves.iter().enumerate() {
        assert_eq!(frontier.root(), plain_root(&leaves[..size]), "size {size}");
        assert_eq!(tree.root_at(size as u64).unwrap(), frontier.root());
        for node in frontier.append(*leaf).unwrap() {
            assert_eq!(tree.node(node.id.level, node.id.index), Some(node.hash));
        }
        let edge: Vec<Hash> =
            root_nodes(frontier.size()).iter().map(|id| tree.node(id.level, id.index).unwrap()).collect();
        assert_eq!(frontier.hashes(), edge);
    }
}

#[test]
fn every_inclusion_proof_holds_and_none_holds_elsewhere() {
    let leaves = many(37);
    let tree = Tree::from_leaves(leaves.clone()).unwrap();
    for size in 1..=tree.size() {
        let head = head(&tree, size);
        for index in 0..size {
            let proof = inclusion_proof(index, size, |level, index| tree.node(level, index)).unwrap();
            let leaf = &leaves[index as usize];
            verify_inclusion(leaf, index, &head, &proof).unwrap();
            for other in (0..size).filter(|other| *other != index) {
                assert!(
                    verify_inclusion(leaf, other, &head, &proof).is_err(),
                    "{index} as {other} of {size}"
                );
            }
            assert!(verify_inclusion(&leaf_hash(b"other"), index, &head, &proof).is_err());
            broken_proofs(&proof, |bad| assert!(verify_inclusion(leaf, index, &head, bad).is_err()));
        }
        assert!(matches!(
            verify_inclusion(&leaves[0], size, &head, &[]),
            Err(LedgerError::LeafOutside { index, size: of }) if index == size && of == size
        ));
    }
}

#[test]
fn every_consistency_proof_holds_and_none_holds_elsewhere() {
    let tree = Tree::from_leaves(many(37)).unwrap();
    for new in 0..=tree.size() {
        for old in 0..=new {
            let proof = consistency_proof(old, new, |level, index| tree.node(level, index)).unwrap();
            let (old_head, new_head) = (head(&tree, old), head(&tree, new));
            verify_consistency(&old_head, &new_head, &proof).unwrap();
            let forged = TreeHead { size: old, root: leaf_hash(b"another history") };
            assert!(verify_consistency(&forged, &new_head, &proof).is_err(), "{old} to {new}");
            if old > 0 {
                let forged = TreeHead { size: new, root: leaf_hash(b"another history") };
                assert!(verify_consistency(&old_head, &forged, &proof).is_err(), "{old} to {new}");
            }
            broken_proofs(&proof, |bad| {
                assert!(verify_consistency(&old_head, &new_head, bad).is_err(), "{old} to {new}");
            });
        }
    }
}

/// Hands out the proof with each hash changed, with each hash left out, and with one more at either end.
fn broken_proofs(proof: &[Hash], check: impl Fn(&[Hash])) {
    for i in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[i] = leaf_hash(changed[i].as_bytes());
        check(&changed);
        let mut shorter = proof.to_vec();
        shorter.remove(i);
        check(&shorter);
    }
    check(&[proof, &[empty_root()]].concat());
    check(&[&[empty_root()], proof].concat());
}

#[test]
fn the_nodes_named_beforehand_are_those_that_are_asked_for() {
    let tree = Tree::from_leaves(many(21)).unwrap();
    for size in 1..=21 {
        for index in 0..size {
            let mut asked = Vec::new();
            inclusion_proof(index, size, |level, index| {
                asked.push(NodeId { level, index });
                tree.node(level, index)
            })
            .unwrap();
            assert_eq!(asked, inclusion_nodes(index, size).unwrap());
        }
        for old in 0..=size {
            let mut asked = Vec::new();
            consistency_proof(old, size, |level, index| {
                asked.push(NodeId { level, index });
                tree.node(level, index)
            })
            .unwrap();
            assert_eq!(asked, consistency_nodes(old, size).unwrap());
        }
    }
}

#[test]
fn what_cannot_be_asked_is_refused_by_name() {
    let tree = reference();
    assert!(matches!(tree.inclusion_proof(8), Err(LedgerError::LeafOutside { index: 8, size: 8 })));
    assert!(matches!(inclusion_nodes(0, 0), Err(LedgerError::LeafOutside { index: 0, size: 0 })));
    assert!(matches!(tree.consistency_proof(9), Err(LedgerError::SizesReversed { old: 9, new: 8 })));
    assert!(matches!(
        inclusion_proof(0, 2, |_, _| None),
        Err(LedgerError::NodeMissing { level: 0, index: 1 })
    ));
    assert!(matches!(
        verify_consistency(&head(&tree, 3), &head(&tree, 2), &[]),
        Err(LedgerError::SizesReversed { old: 3, new: 2 })
    ));
}

#[test]
fn the_largest_sizes_neither_overflow_nor_hang() {
    let root = empty_root();
    let long = vec![root; 200];
    for size in [1, 2, u64::MAX - 1, u64::MAX, 1 << 63, (1 << 63) + 1] {
        for index in [0, 1, size / 2, size - 1].into_iter().filter(|index| *index < size) {
            assert!(verify_inclusion(&root, index, &TreeHead { size, root }, &long).is_err());
            let nodes = inclusion_nodes(index, size).unwrap();
            assert!(nodes.len() < 64 * 64);
            assert!(inclusion_proof(index, size, |_, _| Some(root)).unwrap().len() < MAX_PROOF_HASHES);
        }
        for old in [1, 2, size / 2, size - 1, size].into_iter().filter(|old| *old <= size) {
            let (old_head, new_head) = (TreeHead { size: old, root }, TreeHead { size, root });
            assert!(verify_consistency(&old_head, &new_head, &long).is_err());
            assert!(consistency_proof(old, size, |_, _| Some(root)).unwrap().len() <= MAX_PROOF_HASHES);
        }
    }
    let mut full = Frontier::from_parts(u64::MAX, vec![root; 64]).unwrap();
    assert!(matches!(full.append(root), Err(LedgerError::TreeFull)));
}

#[test]
fn a_frontier_survives_its_json_and_a_damaged_one_is_refused() {
    let mut frontier = Frontier::new();
    for leaf in many(11) {
        frontier.append(leaf).unwrap();
    }
    let json = serde_json::to_value(&frontier).unwrap();
    assert_eq!(json["size"], 11);
    assert_eq!(json["hashes"].as_array().unwrap().len(), 3);
    assert_eq!(serde_json::from_value::<Frontier>(json.clone()).unwrap(), frontier);
    let mut damaged = json;
    damaged["size"] = 12.into();
    let error = serde_json::from_value::<Frontier>(damaged).unwrap_err().to_string();
    assert!(error.contains("`12` leaves has `2` hashes, found `3`"), "{error}");
}
