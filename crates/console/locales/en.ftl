# English texts of the pages. Keys and variables are the same in every language's file; a test compares them.
# Numbers are grouped by thousands; identifiers and codes come as text.

## Every page
tagline = data infrastructure, read-only view
skip = Skip to the content
nav-label = Pages
nav-overview = Network
nav-products = Products
nav-contracts = Contracts
nav-usage = Usage
other-language = 中文
footer-read-only = These pages only show; nothing can be changed here.
footer-times = All times are UTC+8.
pager-label = Other pages of this list
pager-previous = Previous page
pager-next = Next page
none = –
range = { $from } to { $to }
at-least = at least { $count }
list-more = { $list } and { $more } more
area-named = { $name } ({ $code })
bytes-exact = { $size } ({ $count } bytes)
unknown-node = a node that is not known here

## Kinds
kind-global = global node
kind-region = region node
kind-industry = industry node
kind-service = service node
kind-host = connector host
kind-connector = connector
kind-organisation = organisation
kind-product = data product
kind-resource = data resource

## States and suites
status-certified = certified
status-registered = registered
status-listed = listed
status-withdrawn = withdrawn
status-delisted = taken off the list
status-deregistered = deregistered
status-not-joined = has not joined yet
suite-sm = SM2 with SM3
suite-intl = ES256 with SHA-256
contract-state = { $code } { $word }

## Table heads
head-node = Node
head-name = Name
head-identifier = Identifier
head-subject = Organisation code
head-area = Area
head-suite = Signature suite
head-state = State
head-until = Certified until
head-logs = Logs
head-products = Products in view
head-product = Product
head-provider = Provider
head-contract = Contract
head-contracts = Contracts
head-use = Use
head-uses = Uses
head-complete = Complete
head-rows = Rows
head-size = Size
head-bytes = Bytes
head-time = Time range
head-listed = Listed
head-part = Part
head-characters = Characters
head-meaning = Meaning
head-column = Column
head-title = Title
head-kind = Kind
head-nulls = Missing
head-least = Smallest
head-most = Largest
head-visible = In view
head-since = As of
head-created = Begun
head-side = Side
head-organisation = Organisation
head-connector = Connector
head-own-state = State as this side has it
head-signed = Signed
head-verdict = Check
head-signature = Signature
head-provider-meter = Provider’s meter
head-user-meter = User’s meter
head-comparison = Comparison
head-window = Window
head-receipt = Receipt
head-root = Root over the uses
head-closed = Closed and signed
head-countersigned = Counter-signature

## Network
overview-title = Network
overview-lead = The nodes that this process hosts, with the two logs that each of them writes, and what they hold.
overview-nodes = Nodes
overview-products = { $count } ({ $listed } listed)
overview-connectors = Connectors hosted here
overview-connectors-count =
    { $count ->
        [one] { $count } connector
       *[other] { $count } connectors
    }
overview-known = Other nodes of the network
overview-known-caption = Known from the public logs; they run elsewhere
log-public = Public log:
log-evidence = Evidence log:
log-entries =
    { $count ->
        [one] { $count } entry
       *[other] { $count } entries
    }
log-signed = newest checkpoint over { $count }
log-unsigned = no checkpoint yet
log-waiting = { $count } waiting

## Products
products-title = Products
products-search = Words in Chinese or English
products-at = Ask this node
products-go = Search
products-answered = Answered by { $node }.
products-none = There are no products in view.
products-all =
    { $count ->
        [one] { $count } product.
       *[other] { $count } products.
    }
products-not-found = Nothing found for “{ $text }”.
products-found =
    { $count ->
        [one] { $count } product found for “{ $text }”.
       *[other] { $count } products found for “{ $text }”.
    }
products-listed =
    { $count ->
        [0] not listed
        [one] on { $count } service node
       *[other] on { $count } service nodes
    }

## One product
product-title-zh = Chinese title
product-title-en = English title
product-identifier = Identifier
product-parts = What the identifier is made of
product-facts = What the catalogue says
product-provider = Provider
product-subject = Organisation code
product-connector = Connector
product-resource = Resource
product-state = State
product-delivery = Delivered as
product-rows = Rows
product-bytes = Size
product-time = Time range
product-industry = Industry
product-keywords = Keywords
product-digest = SHA-256
product-offer = Offered terms
product-offer-lead = The widest terms that the provider agrees to.
product-columns = Columns
product-columns-count =
    { $count ->
        [one] { $count } column
       *[other] { $count } columns
    }
product-listings = Where it is listed
product-not-listed = It is on no service node.
product-places = Which nodes of this process have it in view
visible-yes = yes
visible-no = no
id-type = Type
id-subject = Subject
id-subject-meaning = code of the organisation that owns it
id-area = Area
id-random = Random part
id-random-meaning = drawn by the node that registered it
id-check = Check character
id-check-meaning = ISO 7064, MOD 37-2, over the 31 characters before it
id-extension = Extension
id-extension-meaning = code of another scheme
column-integer = whole number
column-decimal = decimal number
column-text = text
column-boolean = true or false
column-date = date
column-datetime = date and time

## Terms
term-label-action = Action
term-label-count = Uses
term-label-time = Time
term-label-fields = Columns
term-label-regions = Regions
term-label-users = Users
term-count =
    { $count ->
        [one] at most { $count } use
       *[other] at most { $count } uses
    }
term-count-any = any number of uses
term-time = from { $from } until { $to } (end not included)
term-fields = only { $list }
term-fields-any = all columns
term-regions = only users in { $list }
term-regions-any = users in any region
term-users = only { $list }
term-users-any = any user

## Contracts
contracts-title = Contracts
contracts-lead = Contracts of the connectors that are hosted here, each once, the newest first.
contracts-count =
    { $count ->
        [one] { $count } contract.
       *[other] { $count } contracts.
    }
contracts-partial = There are more contracts than this page looks through; the management API has them all.
side-provider = Provider
side-user = User
side-elsewhere = hosted elsewhere
contract-about = About the product
contract-issuer = Identifier issued by
contract-issuer-subject = Organisation of the issuer
contract-issuer-area = Area of the issuer
contract-issued-at = Issued
contract-parties = Parties
contract-terms = Terms
contract-rounds = Negotiation
round-number = Round { $number }
round-by = { $side } ({ $name }) proposed
round-changed = changed:
contract-signatures = Signatures
contract-unsigned = Nobody has signed yet.
signature-holds = holds
signature-fails = does not hold
signature-unchecked = not checked: the organisation’s certificate is not known here
contract-uses = Uses
contract-uses-caption = Uses as both sides metered them
contract-unused = It has not been used yet.
contract-undelivered = The message { $message } to { $peer } came to nothing: { $reason }
end-not-signed = { $side } refused to sign: { $reason }
end-rejected = { $side } rejected the terms: { $reason }
end-terminated = { $side } ended it: { $reason }
end-expired = its time is over
uses-open =
    { $count ->
        [one] { $count } use is still open at the provider.
       *[other] { $count } uses are still open at the provider.
    }
use-complete = complete
use-incomplete = incomplete
use-open = open
use-refused = refused by the provider
use-mismatch = digest does not match
use-not-admitted = not admitted
use-unknown = not known to this side
meter-amount = { $rows } rows, { $bytes } bytes
compare-equal = equal
compare-different = different
compare-one-side = not compared
compare-refused = counts on neither side
receipt-link = verify

## Usage
usage-title = Usage
usage-lead = What both sides metered, contract by contract: each side counts for itself.
usage-agreed = Both meters agree. Contracts: { $contracts }; uses: { $uses }; rows: { $rows }.
usage-disagreed = The meters differ. Contracts: { $contracts }; uses at the providers: { $uses }; rows: { $rows }. While a delivery is under way, that is to be expected.
usage-none = There are no contracts yet.
usage-caption = Meters side by side
usage-total = Total of this page, where both sides are here
windows-title = Windows
windows-caption = Usage windows
windows-lead = The provider signs closed uses in windows; the user compares each with its own meter and counter-signs it.
windows-older = Only the newest are shown; the contract’s page has more.
windows-none = No window has been closed yet.
window-uses =
    { $count ->
        [one] { $count } use (no. { $first }), { $complete } complete
       *[other] { $count } uses (no. { $first } to { $last }), { $complete } complete
    }
window-waits = waits for the user
window-countersigned = counter-signed { $at }
window-refused = refused: { $reason }

## Receipts
receipt-title = Receipt
receipt-of-use = Use
receipt-genuine = Genuine: all { $steps } steps hold.
receipt-not-genuine = Not genuine: { $failed } of { $steps } steps do not hold.
receipt-steps = Verification, step by step
receipt-steps-lead = This page did just now what weir verify does offline: it needs the receipt and the pinned root, and nothing else.
receipt-offline = Verify it yourself
receipt-offline-lead = Download both files, and run the command in their folder:
receipt-download = the receipt
receipt-trust = the pinned root certificate
step-holds = holds
step-fails = does not hold
step-use = Use
step-window = Window
step-contract = Contract
step-provider-contract = Provider’s signature under the contract
step-user-contract = User’s signature under the contract
step-provider-signature = Provider’s signature under the window
step-user-signature = User’s counter-signature
step-provider-inclusion = Window in the provider’s log
step-user-inclusion = Counter-signature in the user’s log
step-provider-checkpoint = Checkpoint of the provider’s log
step-user-checkpoint = Checkpoint of the user’s log
checked-use = The record of the use is sound, and its path leads to the root of the window.
checked-window = The figures of the window fit together.
checked-contract = The window was closed under this very contract: the digest over the contract is the one that the window names.
checked-provider-contract = The providing organisation signed the contract’s digest, and its certificate leads to the pinned root.
checked-user-contract = The using organisation signed the contract’s digest, and its certificate leads to the pinned root.
checked-provider-signature = The provider’s connector, which the contract names, signed the window, and its certificate leads to the pinned root.
checked-user-signature = The user’s connector, which the contract names, counter-signed this very window, and its certificate leads to the pinned root.
checked-provider-inclusion = The window is an entry of the provider’s evidence log: its path leads to the root of the checkpoint.
checked-user-inclusion = The counter-signature is an entry of the user’s evidence log: its path leads to the root of the checkpoint.
checked-provider-checkpoint = The provider’s log signed the checkpoint with the key that the signed window names.
checked-user-checkpoint = The user’s log signed the checkpoint with the key that the counter-signature names.
figure-use = Use
figure-sequence = Number among the contract’s uses
figure-rows = Rows
figure-bytes = Size
figure-state = State
figure-opened = Opened
figure-closed = Closed
figure-digest = SHA-256 of the delivery
figure-window = Window
figure-first = First use
figure-last = Last use
figure-uses = Uses
figure-complete = Complete uses
figure-contract = Contract
figure-contract-digest = Digest of the contract
figure-provider = Provider
figure-provider-connector = Provider’s connector
figure-user = User
figure-user-connector = User’s connector
figure-organisation = Organisation
figure-signer = Signer
figure-suite = Suite
figure-signed = Signed
figure-log = Log
figure-index = Index in the log
figure-size = Entries under the checkpoint
figure-root = Root
figure-keys = Signatures
keys-ed25519 = Ed25519
keys-both = Ed25519 and SM2
fault-differs = { $field } is { $actual }, and would have to be { $expected }.
fault-unreadable = A part cannot be read: { $reason }
fault-not-included = The path does not lead to the root over { $size } entries.
fault-untrusted = The certificates do not lead to the pinned root: { $reason }
fault-bad-signature = The signature is not that of the certified key: { $reason }
fault-not-logged = The logged entry is another object.
fault-unsigned = The checkpoint has no signature of the log { $origin }.
fault-forged = The checkpoint was changed after the log { $origin } signed it.
fault-from-future = It says that it was signed at { $signed }, which is after { $now }.
fault-not-checked = Not checked, because this step did not get that far: { $step }

## Errors
error-home = To the first page
error-not-found = Not found
error-not-found-text = There is no { $name } here.
error-no-page-text = No page has this address.
error-method = Not allowed
error-method-text = These pages can only be read: GET and HEAD.
error-request = The address cannot be used
error-too-long = The parameter { $name } may have at most { $limit } characters.
error-page-number = The parameter page is a number from 1 to 10000.
error-parameter = A parameter of the address is not what it must be.
error-not-yet = Not there yet
error-not-yet-text = It is being made: uses are folded into a window after about a second, and the user counter-signs it. Load the page again in a moment.
error-disputed = The evidence does not hold
error-disputed-text = No receipt can be given for this use: { $reason }
error-away = The other side does not answer
error-away-text = A node of another process is needed for this, and it did not answer. Load the page again later.
error-failed = It failed
error-failed-text = The page could not be made. The node’s log says why.
