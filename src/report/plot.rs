//! Small plots of points in braille characters, two dots wide and four high each.

/// A plot of points: x to the right, y upwards.
#[derive(Debug)]
pub struct Plot {
    width: usize,
    height: usize,
    /// The dots of each character, row by row from the top, and whether one of its points is marked.
    cells: Vec<(u8, bool)>,
}

/// The dot in column x and row y, from the upper left, of U+2800's bits.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

impl Plot {
    /// A plot of so many characters, at least one, with `points` scaled to fit: x, y, and whether it is marked.
    pub fn new(width: usize, height: usize, points: &[(u64, u64, bool)]) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let mut plot = Self { width, height, cells: vec![(0, false); width * height] };
        let x = range(points.iter().map(|point| point.0));
        let y = range(points.iter().map(|point| point.1));
        for &(at, value, marked) in points {
            let column = scale(at, x, width * 2 - 1);
            let row = height * 4 - 1 - scale(value, y, height * 4 - 1);
            let dot = DOTS.get(column % 2).and_then(|dots| dots.get(row % 4)).copied().unwrap_or(0);
            if let Some(cell) = plot.cells.get_mut(row / 4 * width + column / 2) {
                *cell = (cell.0 | dot, cell.1 | marked);
            }
        }
        plot
    }

    /// Its lines from the top. In colour, characters with marked points are red.
    pub fn lines(&self, color: bool) -> Vec<String> {
        debug_assert_eq!(self.cells.len(), self.width * self.height);
        let line = |row: &[(u8, bool)]| {
            let mut line = String::new();
            for &(dots, marked) in row {
                let character =
                    if dots == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ') };
                match marked && color {
                    true => line.push_str(&format!("\x1b[31m{character}\x1b[0m")),
                    false => line.push(character),
                }
            }
            line.trim_end().to_owned()
        };
        self.cells.chunks(self.width).map(line).collect()
    }
}

fn range(values: impl Iterator<Item = u64>) -> (u64, u64) {
    values.fold((u64::MAX, 0), |(least, greatest), value| (least.min(value), greatest.max(value)))
}

/// Where a value of the range stands on a scale from 0 to `most`.
fn scale(value: u64, (least, greatest): (u64, u64), most: usize) -> usize {
    let (offset, width) = (value.saturating_sub(least), greatest.saturating_sub(least).max(1));
    (u128::from(offset) * most as u128 / u128::from(width)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_rise_to_the_right() {
        let points: Vec<_> = (0..8).map(|at| (at, at * 10, false)).collect();
        assert_eq!(Plot::new(4, 2, &points).lines(false), ["  ⡠⠊", "⡠⠊"]);
        assert_eq!(Plot::new(1, 1, &[(5, u64::MAX, true)]).lines(true), ["\x1b[31m⡀\x1b[0m"]);
        assert_eq!(Plot::new(2, 1, &[]).lines(false), [""]);
    }
}
