//! Memory that journals have outgrown, for others.

use arrayvec::ArrayVec;

use super::{Journal, Line};

/// Lines for which a journal makes room next, by how many there are: journals of a few segments are the most.
const ROOM: [usize; 5] = [2, 5, 18, 32, Journal::MOST];

/// The first of these, which nearly every journal outgrows.
const PASSED: usize = 2;

/// Pieces of memory that are kept of each of them: as many as are likely to be wanted soon.
const KEPT: usize = 64;

/// Memory of lines that their journal has outgrown. Given to others, it need not go back to where it came from, which may
/// be another core's.
#[derive(Debug, Default)]
pub struct Outgrown([ArrayVec<Vec<Line>, KEPT>; PASSED]);

impl Outgrown {
    /// Moves `lines` to where there is room for more.
    #[cold]
    pub(super) fn make_room(&mut self, lines: &mut Vec<Line>) {
        let len = lines.len();
        let step = ROOM.iter().position(|&room| room > len).unwrap_or(ROOM.len());
        let room = ROOM.get(step).copied().unwrap_or(2 * len);
        let kept = self.0.get_mut(step).and_then(ArrayVec::pop);
        let mut wider = kept.unwrap_or_else(|| Vec::with_capacity(room));
        wider.append(lines);
        let narrow = std::mem::replace(lines, wider);
        if let Some(kept) = step.checked_sub(1).and_then(|passed| self.0.get_mut(passed)) {
            // Beyond what is kept, it is let go.
            let _full = kept.try_push(narrow);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Direction;
    use crate::tcp::conversation::{Setup, parse};

    #[test]
    fn what_one_journal_has_outgrown_is_given_to_the_next() {
        let (_, segment) = parse("0 > 1:11(10) ack 1", 1, Setup::default());
        let line = |payload_len| Line { payload_len, ..Line::of(Direction::Forward, &segment, true) };
        let mut outgrown = Outgrown::default();
        let kept = |outgrown: &Outgrown| outgrown.0.each_ref().map(|kept| kept.len());
        let mut journals = Vec::new();
        for _ in 0..2 * KEPT {
            let (mut lines, mut rooms) = (Vec::new(), Vec::new());
            for len in 0..19 {
                if lines.len() == lines.capacity() {
                    outgrown.make_room(&mut lines);
                    rooms.push(lines.capacity());
                }
                lines.push(line(len));
            }
            assert_eq!(rooms, ROOM[..4]);
            assert!(lines.iter().map(|line| line.payload_len).eq(0..19));
            journals.push(lines);
            assert_eq!(kept(&outgrown), [1, 1]);
        }
        let mut many = vec![vec![line(0); 2]; 2 * KEPT];
        many.iter_mut().for_each(|lines| outgrown.make_room(lines));
        assert_eq!(kept(&outgrown), [KEPT, 0]);
    }
}
