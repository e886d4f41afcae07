use super::*;

fn at(offset: u64) -> Position {
    Position { source: 0, file: 0, offset, line: offset }
}

#[test]
fn what_leaves_the_ring_is_known_by_position_first_and_then_gone() {
    let mut ring = Ring::new(RingLimits { ids: 4, bytes: 10 + 2 * DIGEST_BYTES, text: 5 });
    for i in 0..3 {
        ring.push(at(i), Some(i as i64), b"0123456", &[(1, 2), (5, 7)]);
    }
    assert_eq!(ring.evidence(&at(0).id()).unwrap().text, None);
    let last = ring.evidence(&at(2).id()).unwrap();
    assert_eq!((last.text.as_deref(), last.cut), (Some(b"01234".as_slice()), true));
    assert_eq!(last.captures, [(1, 2)]);
    assert_eq!(last.digest, Some(Sha256::digest(b"0123456").into()));
    assert!(matches!(ring.find(&at(9).id()), Known::Foreign));
    for i in 3..6 {
        ring.push(at(i), None, b"x", &[]);
    }
    assert!(ring.evidence(&at(1).id()).is_none());
    assert!(matches!(ring.find(&at(1).id()), Known::Gone));
    assert_eq!(ring.evidence(&at(2).id()).unwrap().text.as_deref(), Some(b"01234".as_slice()));
    assert_eq!(ring.evidence(&at(5).id()).unwrap().text.as_deref(), Some(b"x".as_slice()));
    assert_eq!(ring.entries.len(), 4);
}

#[test]
fn whether_it_is_indexed_changes_nothing_that_it_says() {
    let limits = RingLimits { ids: 8, bytes: 64, text: 16 };
    let (mut plain, mut indexed) = (Ring::new(limits), Ring::new(limits));
    // Every third is one that was delivered before.
    for i in 0..60_u64 {
        let offset = if i % 3 == 0 { i / 2 } else { i };
        for ring in [&mut plain, &mut indexed] {
            ring.push(at(offset), Some(i as i64), format!("line {i}").as_bytes(), &[]);
        }
        if i % 5 == 0 {
            indexed.index();
        }
        for offset in 0..=i {
            let told = |ring: &Ring| match ring.find(&at(offset).id()) {
                Known::Event { time, .. } => Ok((time, ring.evidence(&at(offset).id()))),
                Known::Foreign => Err("foreign"),
                Known::Gone => Err("gone"),
            };
            assert_eq!(told(&plain), told(&indexed), "{offset} after {i}");
        }
    }
}

#[test]
fn what_is_kept_is_whole_in_whichever_piece_of_memory_it_is() {
    let limits = RingLimits { ids: 400, bytes: 5 * TEXTS, text: 2 * TEXTS };
    let mut ring = Ring::new(limits);
    // Some are larger than a piece, and some larger than a text may be.
    let text =
        |i: u64| vec![i as u8; if i % 70 == 69 { (i * 997) as usize } else { (i * 37 % 3000) as usize }];
    let place = |i: u64| (i as u32 % 7, i as u32 % 2000);
    for i in 0..500 {
        let spans = vec![place(i); i as usize % 5];
        ring.push(at(i), None, &text(i), &spans);
        let mut held = 0;
        for older in (i.saturating_sub(399)..=i).rev() {
            let (whole, evidence) = (text(older), ring.evidence(&at(older).id()).unwrap());
            let kept = &whole[..whole.len().min(limits.text)];
            held += kept.len() + if kept.len() < whole.len() { DIGEST_BYTES } else { 0 };
            // What is let go of is a piece.
            let is_kept = evidence.text.is_some();
            assert!(is_kept || held + limits.bytes / SHARE > limits.bytes, "{older} after {i}");
            assert!(!is_kept || held <= limits.bytes, "{older} after {i}");
            assert_eq!(evidence.text.as_deref(), is_kept.then_some(kept), "{older} after {i}");
            assert_eq!(evidence.digest.is_some(), is_kept && kept.len() < whole.len());
            let fits = place(older).1 as usize <= kept.len();
            let count = if is_kept && fits { older as usize % 5 } else { 0 };
            assert_eq!(evidence.captures, vec![place(older); count]);
        }
    }
}
