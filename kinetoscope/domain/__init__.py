"""The cellar: what is true, with no I/O, no clock and no library.

Its words, each used for one thing:

account     who pays. Has a *balance* (sum of its entries), an amount *held* (sum of its open holds)
            and so an amount *available*
key         a secret that speaks for an account (``sk-…``); only its hash is kept
bounds      what a key may do at most: how fast, how many, for how much, from where, till when
allowance   what is left of a key's requests a minute, and when there is more
sandbox     the account that the test keys of another open: films for nothing, and no money ever
draft       what the sandbox makes: a film that says that it is a test
model       the public name customers ask for (``grok-imagine``); maps to an engine and to rates
operation   one of five: ``text_to_video``, ``image_to_video``, ``reference_to_video``,
            ``edit_video``, ``video_extend``
order       what was asked, complete and valid; never changes
source      an image or a video as the caller named it: an address, an upload, a file, an earlier
            video
file        an image or a video that an account keeps here, to name it in orders; it expires
input       a source after it was fetched, checked and kept: its bytes and its measures
limits      what an operation accepts: seconds, images, video
rates       a model's price list: output second by tier, input image, input second
tier        ``480p`` or ``720p``: what an output second is priced by
usage       the facts that cost money; *at most* before, *exactly* after
quote       the priced lines of a usage, and their total
hold        money set aside for one task. Resolved once:
settle      … we take the cost (never more than the hold) and give the rest back
release     … we give it all back; nothing was made, nothing is owed
refund      money given back *after* a settlement, by the operator, with a reason
deposit     money added to a balance
entry       one line of the journal: a deposit, a settlement, a refund. Never edited, never deleted
task        an order on its way: ``queued → in_progress → completed | failed``. Forward only
attempt     one runner's try at a task; a later one fences off the earlier
engine      what makes videos
ticket      what an engine gives us to ask by
report      its answer: *working*, *made*, *refused* or *lost*
cost        what an engine charged us for a task, in *ticks*; the *card* says what it should have
margin      what a task brought: charged, less refunded, less its cost
event       what a customer is told: a task was completed, or failed
endpoint    an address that an account is told events at; of *webhook_url* each task has its own
delivery    one event on its way to one endpoint; it takes one *try* or several, until it is
            *delivered* or has *failed*. Its *turn* counts how often it was asked for
asset       a finished video we keep, in the **store**
still       a picture made from an asset: its *thumbnail* or its *spritesheet*
gateway     all of it: one value, built once
"""
