"""One file per kind of row; each row is a function of a `Bench` that returns (measures, notes)."""

from rows import browser, build, commits, downloads, git, git_push, lists, pages, small, start, uploads, whole, \
    xet, xet_clients, xet_load

# Letter -> (title, function). Those of NAMED_ONLY run when they are named.
ROWS = {
    "a": ("Download of a large file", downloads.large_file),
    "b": ("Download of a small file, and its HEAD", small.small_file),
    "c": ("Upload of a large file", uploads.large_file),
    "d": ("One commit of 10 000 files", uploads.many_files),
    "e": ("Sixteen writers", commits.sixteen_writers),
    "f": ("Info and tree", small.info_and_tree),
    "g": ("Start, idle memory, size", start.start),
    "ga": ("Clones with git", git.clones),
    "gb": ("Fetch of a commit, and ls-remote", git.refs),
    "gc": ("Pushes with git", git_push.pushes),
    "gd": ("32 clones at once", git.crowd),
    "ge": ("Commits and downloads while a large pack is pushed", git_push.commits_during_push),
    "tree": ("Tree and info of 100 000 files", whole.tree_and_siblings),
    "copies": ("Duplicate and super-squash", whole.copies),
    "h": ("Clean build and tests", build.build),
    "l": ("Lists of 100 000 repositories", lists.lists),
    "p": ("Pages", pages.pages),
    "pb": ("Lighthouse: performance of pages", browser.lighthouse),
    "pd": ("From a click to the next page", browser.click),
    "pe": ("Upload of a folder in a browser", browser.upload),
    "xa": ("Xet: xorbs on one core", xet.primitives),
    "xb": ("Xet: uploads with the client", xet_clients.uploads),
    "xc": ("Xet: downloads with the client, and without", xet_clients.downloads),
    "xe": ("Xet: questions for chunks among ten million", xet_load.chunk_queries),
    "xf": ("Xet: reconstructions and the longest shard", xet_load.large_descriptions),
    "xg": ("Xet: what a next version costs", xet_clients.versions),
    "xh": ("Xet: twenty versions", xet_clients.fragmentation),
}
NAMED_ONLY = ("h", "l")
