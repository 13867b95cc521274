//! Values in the course of time as bars of block characters.

const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Bars of `values`, in lines from the top: at most `width` characters wide, `height` high. Values that share a
/// character show the greatest of them; those that are not known show none, and all others but 0 at least the lowest block.
pub fn bars(values: &[Option<u64>], width: usize, height: usize) -> Vec<String> {
    let (width, height) = (width.max(1), height.max(1));
    let columns: Vec<u64> = match values.len() {
        0 => Vec::new(),
        many if many > width => (0..width)
            .map(|column| {
                let (from, until) = (column * many / width, (column + 1) * many / width);
                values.get(from..until).into_iter().flatten().copied().flatten().max().unwrap_or(0)
            })
            .collect(),
        few => {
            let each = width / few;
            values.iter().flat_map(|value| std::iter::repeat_n(value.unwrap_or(0), each)).collect()
        }
    };
    let most = columns.iter().copied().max().unwrap_or(0).max(1);
    let eighths = |value: u64| {
        let eighths = (u128::from(value) * height as u128 * 8).div_ceil(u128::from(most)) as usize;
        eighths.min(height * 8)
    };
    let block = |value: u64, line: usize| {
        let below = (height - 1 - line) * 8;
        BLOCKS.get(eighths(value).saturating_sub(below).min(8)).copied().unwrap_or(' ')
    };
    (0..height)
        .map(|line| columns.iter().map(|&value| block(value, line)).collect::<String>().trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fit_the_width_and_reach_the_height() {
        let of = |values: &[u64], width, height| {
            bars(&values.iter().map(|&value| Some(value)).collect::<Vec<_>>(), width, height)
        };
        assert_eq!(of(&[0, 1, 4, 8], 4, 1), [" ▁▄█"]);
        assert_eq!(of(&[0, 1, 4, 8], 9, 1), ["  ▁▁▄▄██"]);
        assert_eq!(of(&[0, 1, 4, 8], 2, 1), ["▁█"]);
        assert_eq!(of(&[0, 1, 16], 3, 2), ["  █", " ▁█"]);
        assert_eq!(of(&[u64::MAX, 1], 2, 1), ["█▁"]);
        assert_eq!(of(&[0, 0], 2, 1), [""]);
        assert_eq!(bars(&[None, Some(3)], 2, 1), [" █"]);
        assert_eq!(bars(&[], 2, 1), [""]);
    }
}
