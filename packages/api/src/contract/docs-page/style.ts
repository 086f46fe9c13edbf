/** The pages' only style sheet, for a Content-Security-Policy that names its hash. */
export const docsStyle = `:root{color-scheme:light dark;--line:#d0d7de;--soft:#f6f8fa;--dim:#57606a;--accent:#0550ae;--page:#fff;--text:#1f2328}
@media (prefers-color-scheme:dark){:root{--line:#30363d;--soft:#161b22;--dim:#9da7b3;--accent:#79b8ff;--page:#0d1117;--text:#e6edf3}}
*{box-sizing:border-box}html{scroll-padding-top:1rem}
body{font:16px/1.55 system-ui,sans-serif;margin:0;background:var(--page);color:var(--text)}
a{color:var(--accent)}:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--page);padding:.5rem;z-index:1}
main{padding:1.5rem 1rem 4rem;max-width:62rem;min-width:0}.alone{margin:0 auto}
h1{line-height:1.2;margin:0 0 .75rem}h2{margin:3rem 0 .5rem}h2::first-letter,aside summary::first-letter{text-transform:uppercase}h3{margin:0 0 .25rem;font-size:1.1rem}
small{color:var(--dim);font-size:.6em;font-weight:400}
code,pre,.address{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}code{font-size:.875em;overflow-wrap:anywhere}
.address{display:block;font-size:.9rem;overflow-wrap:anywhere;margin:.25rem 0}
article{border-top:1px solid var(--line);padding:1.25rem 0;content-visibility:auto;contain-intrinsic-size:auto 50rem}.facts{color:var(--dim);font-size:.9rem;margin:.5rem 0}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow:auto;font-size:.8125rem;line-height:1.45;margin:.5rem 0}
.scroll{overflow-x:auto;margin:.75rem 0}table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;font-weight:600;padding:.25rem 0}thead th{color:var(--dim);font-weight:500}
td,th{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);font-weight:400}tbody th code{overflow-wrap:normal}
.allowed{color:var(--dim);font-size:.85rem}details{margin:.5rem 0}summary{cursor:pointer}
.samples{margin:1rem 0}.samples h4{margin:.5rem 0 0;font-size:.85rem;color:var(--dim)}
[role=tablist]{display:flex;gap:.25rem}[role=tab]{font:inherit;font-size:.85rem;background:none;color:var(--dim);border:0;border-bottom:2px solid transparent;padding:.35rem .6rem;cursor:pointer}
[role=tab][aria-selected=true]{color:var(--text);border-color:var(--accent)}[hidden]{display:none!important}
aside{border-bottom:1px solid var(--line);background:var(--soft);padding:1rem}aside ul,aside ol{list-style:none;margin:0;padding:0}
aside summary{font-weight:600}aside li a{display:block;padding:.15rem 0 .15rem 1rem;text-decoration:none;font-size:.875rem;overflow-wrap:anywhere}
aside li a:hover{text-decoration:underline}aside .other{display:block;padding:.25rem 0}
input[type=search]{font:inherit;width:100%;padding:.4rem .6rem;border:1px solid var(--line);border-radius:6px;background:var(--page);color:var(--text)}
@media (min-width:60rem){body{display:grid;grid-template-columns:17rem minmax(0,1fr)}body.alone{display:block}
aside{position:sticky;top:0;height:100vh;overflow-y:auto;border-right:1px solid var(--line);border-bottom:0}main{padding:2rem 2.5rem 4rem}}
@media (max-width:60rem){aside{max-height:45vh;overflow-y:auto}}
@media (max-width:40rem){.fields thead{position:absolute;left:-99rem}.fields tr,.fields td,.fields tbody th{display:block;border:0;padding:.05rem 0}.fields tbody th code{overflow-wrap:anywhere;font-weight:600}
.fields tbody tr{border-bottom:1px solid var(--line);padding:.5rem 0}.fields td[data-label]::before{content:attr(data-label) ' ';color:var(--dim)}}`
