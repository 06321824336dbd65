-- Links of the chapters, for one page that has all of them.
--
-- A link to a chapter becomes one within the page. A link to another file of the repository would lead nowhere from
-- target/report, and nowhere at all on paper: its text stays, and the path is told behind it.

-- The heading of a chapter: 01-threats.md begins with `# Threats` (crates/cli/tests/report.rs sees to it).
local function heading_of(file)
    if file == "references.md" then
        return "references"
    end
    return file:match("^%d%d%-([%w-]+)%.md$")
end

function Link(link)
    if link.target:match("^https://") then
        return nil
    end
    local file, anchor = link.target:match("^([^#]*)#?(.*)$")
    local heading = heading_of(file)
    if file == "" or heading then
        link.target = "#" .. (anchor ~= "" and anchor or heading)
        return link
    end
    -- As seen from docs/report.
    local path = ("docs/report/" .. file):gsub("[^/]+/%.%./", ""):gsub("[^/]+/%.%./", "")
    local shown = pandoc.Span(link.content)
    return { shown, pandoc.Str(" ("), pandoc.Emph({ pandoc.Str(path) }), pandoc.Str(")") }
end
