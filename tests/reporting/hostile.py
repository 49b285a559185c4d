"""Strings that try to leave the place where a page prints them."""

from __future__ import annotations

# `BEACON` stands for an address whose server must never be asked.
BEACON = "http://127.0.0.1:9/beacon"

_SCRIPT = "window.pwned=1"
_TAGS = (
    f"<script>{_SCRIPT}</script>",
    f"</script><script>{_SCRIPT}</script>",
    f"<ScRiPt>{_SCRIPT}</sCrIpT>",
    f"<script src={BEACON}></script>",
    f"<script src={BEACON}",
    f"</style><script>{_SCRIPT}</script>",
    f"</title><script>{_SCRIPT}</script>",
    f"</pre></div></details></main><script>{_SCRIPT}</script>",
    f"</textarea><script>{_SCRIPT}</script>",
    f"--><script>{_SCRIPT}</script>",
    f"<!--<script>{_SCRIPT}</script>-->",
    f"<![CDATA[<script>{_SCRIPT}</script>]]>",
    f"<noscript><p title='</noscript><img src=x onerror={_SCRIPT}>'>",
    f"<img src=x onerror={_SCRIPT}>",
    f"<img src={BEACON}>",
    f'<img src="{BEACON}" srcset="{BEACON} 2x">',
    f"<svg onload={_SCRIPT}>",
    f"<svg><script>{_SCRIPT}</script></svg>",
    f"<svg><image href={BEACON} /></svg>",
    f"<svg><use href={BEACON}#a /></svg>",
    f"<svg><a href='javascript:{_SCRIPT}'><text>x</text></a></svg>",
    f"<svg><animate onbegin={_SCRIPT} attributeName=x dur=1s>",
    f"<svg><foreignObject><iframe src={BEACON}></iframe></foreignObject></svg>",
    f"<math><mtext><style><img src=x onerror={_SCRIPT}></style></mtext></math>",
    f"<iframe src={BEACON}></iframe>",
    f"<iframe srcdoc='<script>parent.{_SCRIPT}</script>'></iframe>",
    f"<object data={BEACON}></object>",
    f"<embed src={BEACON}>",
    f"<video src={BEACON} autoplay onerror={_SCRIPT}></video>",
    f"<audio src={BEACON} autoplay></audio>",
    f"<link rel=stylesheet href={BEACON}>",
    f"<link rel=prefetch href={BEACON}>",
    f"<link rel=preconnect href={BEACON}>",
    f"<base href={BEACON}/>",
    f"<meta http-equiv=refresh content='0;url={BEACON}'>",
    '<meta http-equiv=Content-Security-Policy content="default-src *">',
    f"<form action={BEACON}><button autofocus onfocus={_SCRIPT}>x</button></form>",
    f"<body onload={_SCRIPT}>",
    f"<details open ontoggle={_SCRIPT}><summary>x</summary></details>",
    f"<input autofocus onfocus={_SCRIPT}>",
    f"<a href=javascript:{_SCRIPT}>x</a>",
    f"<a href={BEACON}>x</a>",
    f"<marquee onstart={_SCRIPT}>x</marquee>",
    f"<template><script>{_SCRIPT}</script></template>",
    "<plaintext>",
    "<xmp>",
)
_STYLES = (
    f"<style>body{{background:url({BEACON})}}</style>",
    f"<style>@import '{BEACON}';</style>",
    f'<p style="background:url({BEACON})">x</p>',
    f"}}</style><style>*{{background:url({BEACON})}}",
    "expression(alert(1))",
)
_ATTRIBUTES = (
    f'" onmouseover="{_SCRIPT}',
    f"' onmouseover='{_SCRIPT}",
    f'"><img src=x onerror={_SCRIPT}>',
    f"`onmouseover={_SCRIPT}`",
    f"x autofocus onfocus={_SCRIPT} tabindex=1",
    f'#" onclick="{_SCRIPT}',
)
_ADDRESSES = (
    f"javascript:{_SCRIPT}",
    f"java\tscript:{_SCRIPT}",
    f"data:text/html,<script>{_SCRIPT}</script>",
    BEACON,
    "//127.0.0.1:9/beacon",
    "../../../etc/passwd",
)
_CHARACTERS = (
    "\u2028</script>\u2029",
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    "\x00\x01\x08\x0b\x0c\x1b[31m\x7f\x85",
    "\ud800\udfff\udc00",
    "\ufeff\ufffe\uffff\u200b\u00ad",
    "\U000e0001\U000e0041",
    "\r\rcarriage\r\nreturn",
    "&lt;script&gt;&#60;script&#62;&amp;amp;",
    "{{ 7 * 7 }}{% raw %}${7*7}#{7*7}<%= 7 %>",
    "%3Cscript%3Ewindow.pwned=1%3C/script%3E",
    "+ADw-script+AD4-window.pwned=1+ADw-/script+AD4-",
    "＜script＞window.pwned=1＜/script＞",
    "=cmd|' /C calc'!A0",
    "مرحبا <b>עולם</b> \u202b",
    "a" * 5000,
)

STRINGS = (*_TAGS, *_STYLES, *_ATTRIBUTES, *_ADDRESSES, *_CHARACTERS)
