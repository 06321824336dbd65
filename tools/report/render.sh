#!/usr/bin/env bash
# Renders docs/report into target/report: report.html, one page without anything beside it, and from that report.pdf.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=tools/report
out=target/report
mkdir -p "$out"

# Of a chapter that `cargo xtask report-charts` has filled in, that form.
chapters=()
for chapter in docs/report/[0-9]*.md; do
    made="$out/${chapter##*/}"
    if [ -f "$made" ]; then chapters+=("$made"); else chapters+=("$chapter"); fi
done

# The chapters in the order of their names, then the references. A chapter that is added comes in by itself.
# --strip-comments: what is for authors only. The date of the knowledge is in the text; none is made up here.
pandoc --from gfm --to html5 --standalone --self-contained --strip-comments --section-divs \
    --toc --toc-depth 2 --lua-filter "$here/links.lua" --css "$here/style.css" \
    --metadata lang=en --metadata title="Security of standalone WebAssembly on Linux" \
    --metadata subtitle="An assessment, and a monitoring strategy" \
    --resource-path "$out" --output "$out/report.html" "${chapters[@]}" docs/report/references.md

# Without a time of making, the same source gives the same file.
SOURCE_DATE_EPOCH=0 weasyprint --quiet "$out/report.html" "$out/report.pdf"

for file in "$out/report.html" "$out/report.pdf"; do
    echo "report: $file, $(stat --format %s "$file") bytes"
done
