//! "Did you mean": the nearest names by edit distance.

/// Returns the candidate nearest to `name`, if it is near enough to be a likely slip.
///
/// Near enough is a third of the name's length, at least one edit (a swap of neighbours counts as
/// one: optimal string alignment). Case does not count. Ties go to the first candidate.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let limit = (wanted.len() / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let found: Vec<char> = candidate.to_lowercase().chars().collect();
        if found.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let distance = distance(&wanted, &found);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Returns a help line that names the nearest candidate, quoted, if there is one.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    closest(name, candidates).map(|near| format!("did you mean \"{near}\"?"))
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours.
fn distance(left: &[char], right: &[char]) -> usize {
    let width = right.len() + 1;
    let mut before = vec![0; width];
    let mut above: Vec<usize> = (0..width).collect();
    for row in 1..=left.len() {
        let mut line = vec![row; width];
        for column in 1..width {
            let same = usize::from(left[row - 1] != right[column - 1]);
            let mut least =
                (above[column] + 1).min(line[column - 1] + 1).min(above[column - 1] + same);
            let swapped = row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1];
            if swapped {
                least = least.min(before[column - 2] + 1);
            }
            line[column] = least;
        }
        before = std::mem::replace(&mut above, line);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, did_you_mean};

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let columns = ["id", "name", "salary"];
        assert_eq!(closest("salry", columns), Some("salary"));
        assert_eq!(closest("Naem", columns), Some("name"));
        assert_eq!(closest("quantity", columns), None);
        assert_eq!(did_you_mean("nme", columns).as_deref(), Some("did you mean \"name\"?"));
        assert_eq!(closest("", columns), None);
    }
}
