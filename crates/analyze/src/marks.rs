//! What each node of a graph can reach, in one pass.

/// For each of the `roots`, and each node that they can reach, the union of the marks of every node that it can reach.
/// `mark`: one word of bits for each node; `edge(node, n)`: where the `n`th edge of `node` leads, `None` after the last.
///
/// Linear: Tarjan's strongly connected components without recursion ("Depth-first search and linear graph algorithms",
/// 1972); they come out callees first, so that each union is complete when it is used.
pub(crate) fn reachable(
    mut mark: Vec<u32>,
    roots: impl Iterator<Item = u32>,
    mut edge: impl FnMut(u32, u32) -> Option<u32>,
) -> Vec<u32> {
    let nodes = mark.len();
    let mut order = vec![0u32; nodes]; // 0: not visited
    let mut low = vec![0u32; nodes];
    let mut open = Vec::new(); // visited, component not complete
    let mut path: Vec<(u32, u32)> = Vec::new(); // node, next edge
    let mut count = 0;
    const DONE: u32 = u32::MAX;
    for root in roots {
        if order.get(root as usize) != Some(&0) {
            continue;
        }
        path.push((root, 0));
        while let Some(&mut (node, ref mut at)) = path.last_mut() {
            let n = node as usize;
            if *at == 0 {
                count += 1;
                order[n] = count;
                low[n] = count;
                open.push(node);
            }
            if let Some(next) = edge(node, *at) {
                *at += 1;
                let next = next as usize;
                if order[next] == 0 {
                    path.push((next as u32, 0));
                } else {
                    mark[n] |= mark[next];
                    if low[next] != DONE {
                        low[n] = low[n].min(order[next]);
                    }
                }
                continue;
            }
            path.pop();
            if low[n] == order[n] {
                let start = open.iter().rposition(|&m| m == node).unwrap_or(0);
                let union = open[start..].iter().fold(0, |u, &m| u | mark[m as usize]);
                for member in open.drain(start..) {
                    mark[member as usize] = union;
                    low[member as usize] = DONE;
                }
            }
            if let Some(&(caller, _)) = path.last() {
                mark[caller as usize] |= mark[n];
                if low[n] != DONE {
                    low[caller as usize] = low[caller as usize].min(low[n]);
                }
            }
        }
    }
    mark
}
