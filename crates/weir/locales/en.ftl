# English texts of the command line. Keys and variables are the same in every file of this folder; a test compares them.
# Numbers are passed as numbers and grouped by thousands; identifiers, ports and years as text.

## Words that stand before a line
label-error = {"error: "}
label-warning = {"warning: "}

## The demo: its heading
demo-title = Weir demo · data: { $files } { $files ->
        [one] file
       *[other] files
    }, { $rows } { $rows ->
        [one] row
       *[other] rows
    }, { $bytes }
demo-generated = The data is generated (seed { $seed }): give --data DIR for files of your own.
demo-resumed = Resuming the network kept in { $folder }.
demo-foreign-folder = { $folder } is no demo's folder, it has { $name }: give an empty one with --keep, or one that a demo kept
demo-kept = The network's state is kept in { $folder }; `{ $program } demo --keep { $folder }` resumes it.
demo-file-skipped = { $file } is left out: { $reason }

## The demo: the steps' names (at most ten characters wide) and what they report
step-network = network
step-identity = identity
step-catalogue = catalogue
step-register = register
step-listed = listed
step-visible = visible
step-found = found
step-contract = contract
step-delivered = delivered
step-refused = refused
step-closed = closed
step-proven = proven
step-metering = metering

demo-network = { $global } global, { $region } region, { $industry } industry, { $service } service { $service ->
        [one] node
       *[other] nodes
    }, { $hosts } connector { $hosts ->
        [one] host
       *[other] hosts
    }
demo-identity = { $organisations } { $organisations ->
        [one] organisation
       *[other] organisations
    } certified: { $providers } { $providers ->
        [one] provider
       *[other] providers
    } in { $providerArea } ({ $providerSuite }), { $users } { $users ->
        [one] user
       *[other] users
    } in { $userArea } ({ $userSuite })
demo-catalogue = { $resources } { $resources ->
        [one] resource
       *[other] resources
    } profiled: { $rows } { $rows ->
        [one] row
       *[other] rows
    }, { $columns } { $most ->
        [one] column
       *[other] columns
    }, { $from } to { $to }, { $missing } missing
demo-catalogue-timeless = { $resources } { $resources ->
        [one] resource
       *[other] resources
    } profiled: { $rows } { $rows ->
        [one] row
       *[other] rows
    }, { $columns } { $most ->
        [one] column
       *[other] columns
    }, { $missing } missing
demo-register = { $products } { $products ->
        [one] product
       *[other] products
    }, for instance { $example }
demo-listed = { $products } { $products ->
        [one] product
       *[other] products
    } on the service node of { $region }; { $seen } seen there from the user's region
demo-visible = { $places } (slowest of { $products })
demo-visible-region = in { $region } after { $time }
demo-visible-global = at the global node after { $time }
demo-visible-before = { $products } { $products ->
        [one] product
       *[other] products
    } in each catalogue since an earlier walk: { $places }
demo-visible-region-before = in { $region }
demo-visible-global-before = at the global node
demo-found = in { $region }: { $results }
demo-found-one = “{ $query }”: { $count } { $count ->
        [one] product
       *[other] products
    }
demo-contract = { $contracts } { $contracts ->
        [one] contract
       *[other] contracts
    }: count { $asked } changed to { $agreed }, signed by both ({ $signatures } signatures verified)
demo-each = { $time } each
demo-delivered = { $files } { $files ->
        [one] file
       *[other] files
    }, { $bytes }, digests match
demo-delivered-before = { $files } { $files ->
        [one] file
       *[other] files
    }, { $bytes }, digests match; { $there } had arrived before
demo-refused = a second use of { $product }, as it should be: { $reason }
demo-refused-count = a second use of { $product }, as it should be: its contract allows { $limit } (count), { $actual } { $actual ->
        [one] is
       *[other] are
    } used
demo-closed = { $windows } { $windows ->
        [one] window
       *[other] windows
    } signed by the providers and countersigned by the user
demo-proven = { $receipts } { $receipts ->
        [one] receipt
       *[other] receipts
    } verified offline, files and both meters agree: { $uses } { $uses ->
        [one] use
       *[other] uses
    }, { $rows } { $rows ->
        [one] row
       *[other] rows
    }

## The demo: both sides' metering
metering-product = product
metering-uses = uses
metering-rows = rows
metering-bytes = bytes
metering-provider-side = provider's meter
metering-user-side = user's meter
metering-equal = equal
metering-equal-yes = yes
metering-equal-no = NO
metering-total = total

## The demo: where to go next
next-running = The network is running. Ctrl-C stops it.
next-page = open { $address }
next-try = Try:
next-search = { $program } search { $word } --config { $config } --node user-3100
next-status = { $program } status --config { $config } --node region-3100
next-verify = { $program } verify { $folder } --trust { $trust }
next-stopping = Stopping; what was acknowledged is kept.
next-stopping-for-good = Stopping; the network and its data are removed.

## What takes long
progress-profiling = profiling { $file }
progress-reading = reading the files
progress-resuming = resuming at { $bytes }
progress-verifying = verifying receipts

## Search
search-none = Nothing found for “{ $query }”.
search-beyond = { $total } { $total ->
        [one] product is
       *[other] products are
    } found, none from number { $offset } on: give a smaller --offset
search-count = { $shown } of { $total } { $total ->
        [one] product
       *[other] products
    }
search-product = product
search-title = title
search-provider = provider

## Verification of receipts
verify-all = { $receipts } { $receipts ->
        [one] receipt
       *[other] receipts
    } verified
verify-some = { $failed } of { $receipts } { $receipts ->
        [one] receipt
       *[other] receipts
    } not verified
verify-step-use = the use is in its window
verify-step-window = the window is sound and follows the one before
verify-step-provider = the provider signed the window
verify-step-user = the user countersigned the window

## Getting data
get-done = { $file }: { $bytes }, { $rows } rows, digest matches

## Errors: each names the place and the way out
error-no-folder = { $folder } is not a folder that can be read: { $reason }
error-no-data = { $folder } has no CSV or Parquet file that can be used: give a folder with at least one
error-digest = the digest of { $file } is not the catalogue's: ask the provider, and get it again
error-disk-full = { $path } could not be written: the disk, or this user's share of it, is full. Make room, and run the same command again
error-not-permitted = { $path } could not be written: this user may not write there. Choose another place, or have its owner allow it
error-read-only = { $path } could not be written: its file system is read-only. Choose another place
error-folder-missing = { $path } could not be written: its folder is not there. Make it first, or choose another place
error-unwritable = { $path } could not be written: { $reason }
error-config-missing = no configuration: run `{ $program } init`, or give --config FILE or WEIR_CONFIG
error-config-read = { $path } cannot be read: { $reason }
error-unauthorised = { $address } does not accept the token of { $path }
error-path-not-text = the path { $path } is not UTF-8, and cannot be given to the node: rename it
error-path-control = the name { $path } has control characters: rename it
error-unreachable = { $address } does not answer ({ $reason }): is the node running? `{ $program } doctor` looks closer
error-timeout = { $address } did not answer within { $time }
error-exists = { $path } is there already: give another place, or remove it first
error-receipt = { $file } is no receipt: { $reason }
error-receipt-none = { $file } is no receipt: give the file `….receipt.json` that `{ $program } get` wrote beside the data
error-receipt-damaged = { $file } is damaged as a receipt ({ $reason }): fetch it anew with `{ $program } get CONTRACT --use ID --receipt-only`
error-trust-none = { $file } has no certificate: give the file `trust.pem` of a node that has joined
error-trust = { $file } is no trust file: { $reason }
error-other = { $reason }
failure-problem = { $title } ({ $code }, { $status }): { $detail }

## commands
list-empty = There is none yet.
org-registered = { $name } ({ $subject }) is registered. The code is good once, until { $expires }; whoever joins gives it.
outbox-retried = { $count } messages that were given up are sent again; those that wait are tried at once
contract-awaits = It is this side's turn: accept, counter, sign or reject.
resource-refused = { $file } is left out: { $reason }
resource-left-out = left out: { $reason }
contract-round = round { $number } { $by }: { $terms }
contract-ended = contract { $contract } has ended in state { $state }: it will not reach { $wanted }
contract-end-by = { $cause } by the { $by }
contract-end = { $cause }: { $reason }
contract-not-yet = contract { $contract } is in state { $state }, not yet in { $wanted }: wait longer, or see `{ $program } contract show { $contract }`
terms-count = { $count ->
        [one] at most 1 use
       *[other] at most { $count } uses
    }
terms-span = { $from } to { $to }
terms-fields = fields { $values }
terms-regions = regions { $values }
terms-users = users { $values }
terms-needed = no terms: say what shall change, such as --count 1
terms-file = { $path } holds no terms: { $reason }; expected a JSON object such as the `offer` of `{ $program } product show --json`
terms-time = `{ $value }` ({ $flag }) is no time: give 2026-01-31 or 2026-01-31T08:00:00+08:00
terms-user = `{ $value }` (--user) is no unified social credit code: give 18 digits and capitals, without I, O, S, V and Z
terms-user-check = `{ $value }` (--user) has a wrong check character, computed `{ $computed }`: compare it with the licence

## Headings of tables
head-address = address
head-area = area
head-bytes = size
head-columns = columns
head-connector = connector
head-contract = contract
head-description = description
head-industry = industry
head-key = key
head-keywords = keywords
head-kind = kind
head-name = name
head-node = node
head-offer = offer
head-product = product
head-provider = provider
head-reason = reason
head-resource = resource
head-role = role
head-rows = rows
head-runs = runs
head-service-node = service node
head-state = state
head-subject = subject
head-terms = terms
head-time-range = time range
head-title = title
head-user = user
head-end = end
head-encoding = encoding
head-problem = problem
head-negotiation = negotiation
head-suite = suite
head-certified-until = certified until
head-window-bytes = windows: bytes
head-use = use
head-opened-at = began
head-closed-at = ended
head-window = window
head-window-rows = windows: rows
head-window-uses = windows: uses
head-version = version
head-time = time
head-store = store
head-store-at = store at
head-organisations = organisations
head-connectors = connectors
head-products = products
head-contracts = contracts
head-open-uses = open uses
head-messages-waiting = messages waiting
head-messages-dead = messages given up
head-log = own log
head-entries = entries
head-waiting = waiting
head-checkpoint-size = checkpoint at
head-checkpoint-root = root
head-grown-at = last entry
head-upstream = node above
head-followed = followed log
head-source = followed node
head-last-heard = last heard
head-silent-ms = ms since
head-follower = follower
head-since = since
head-sent = sent
head-lacking = lacking
head-dead-letter = given up
head-message = message
head-recipient = to
head-attempts = tries
head-message-number = number
head-about = about
head-next-try = next try

## States
state-initiated = initiated
state-negotiating = negotiating
state-signing = signing
state-signed = signed
state-not-signed = signing failed
state-in-force = in force
state-ended = ended
state-draft = draft
state-catalogued = catalogued
state-revoked = revoked
state-registered = registered
state-certified = certified
state-deregistered = deregistered
state-listed = listed
state-delisted = delisted
state-withdrawn = withdrawn
state-use-open = under way
state-use-complete = complete
state-use-incomplete = incomplete
state-use-refused = refused
state-use-mismatch = meters differ
state-use-unanswered = not answered
state-message-waiting = waiting
state-message-given-up = given up

## Configuration
config-missing = there is no { $path }: run `{ $program } init`, or name another with --config
config-unreadable = { $path } cannot be read: { $reason }
config-too-large = { $path } is longer than { $limit } bytes: it is no configuration
config-no-node = { $path } has no [[node]]: `{ $program } init --add` writes one
config-syntax = { $path }, line { $line }: `{ $key }` cannot be read: { $reason }
config-unknown-key = { $path }, line { $line }: unknown key `{ $key }`{ $nearest ->
        [none] .
       *[other] ; did you mean `{ $nearest }`?
    } Known keys: { $known }
config-unknown-word = { $path }, line { $line }: `{ $key }` cannot be `{ $value }`{ $nearest ->
        [none] .
       *[other] ; did you mean `{ $nearest }`?
    } Possible: { $known }
config-missing-key = { $path }, line { $line }: this [[node]] lacks `{ $key }`
config-empty = { $path }, line { $line }: `{ $key }` is empty: give it 1 to { $limit } characters
config-too-long = { $path }, line { $line }: `{ $key }` is longer than { $limit } characters
config-listen = { $path }, line { $line }: `{ $key }` cannot be `{ $value }`: expected address and port, such as "127.0.0.1:18080"
config-plain = { $path }, line { $line }: `{ $key }` is `{ $value }`: plain HTTP stays on this machine; listen at 127.0.0.1, or give [node.tls] a certificate
config-address = { $path }, line { $line }: `{ $key }` cannot be `{ $value }`: expected { $scheme }://host:port without a path
config-store = { $path }, line { $line }: `{ $key }` is no store: expected "sqlite:<file>" or "postgres://user@host/database"
config-store-password = { $path }, line { $line }: `{ $key }` carries a password: take it out, and give it in { $variable } or a store_password_file
config-password-file = the store's password in { $path } cannot be read: { $reason }
config-not-for-role = { $path }, line { $line }: a node of role { $role } has no `{ $key }`: remove the line
config-needed-for-role = { $path }, line { $line }: a node of role { $role } needs `{ $key }`
config-twice = { $path }, line { $line }: `{ $key }` is `{ $value }`, as in a node before: each node has its own
config-several-nodes = { $path } has several nodes: choose one with --node ({ $names })
config-unknown-node = { $path } has no node `{ $name }`{ $nearest ->
        [none] .
       *[other] ; did you mean `{ $nearest }`?
    } It has: { $names }
private-open = { $node } does not start: other users of this machine can read its secrets. Run `chmod 600 { $files }`, and replace what they may have read
token-missing = there is no token at { $path } ({ $reason }): `{ $program } token` writes a new one
token-unreadable = the token { $path } cannot be read ({ $reason }): only its owner may; run as that user
token-empty = the token { $path } is empty: `{ $program } token` writes a new one
token-there = { $path } holds a token: to replace it, remove the file first
token-written = new token  { $path }
token-restart = A node that runs keeps the token that it began with: start it again.

## A command line that cannot be used
usage-command = there is no command `{ $value }`
usage-command-near = there is no command `{ $value }`; did you mean `{ $nearest }`?
usage-argument = unexpected `{ $value }`
usage-argument-near = unexpected `{ $value }`; did you mean `{ $nearest }`?
usage-missing = missing: { $value }
usage-value = `{ $argument }` cannot be `{ $value }`: possible are { $known }
usage-value-near = `{ $argument }` cannot be `{ $value }`; did you mean `{ $nearest }`? Possible are { $known }
usage-value-missing = `{ $argument }` needs a value
usage-value-address = `{ $argument }` cannot be `{ $value }`: give address and port, such as 127.0.0.1:18080
usage-other = the command line cannot be used: { $reason }
usage-value-number = `{ $argument }` cannot be `{ $value }`: give a whole number
usage-value-reason = `{ $argument }` cannot be `{ $value }`: { $reason }
usage-subcommand = `{ $command }` needs one of its commands: { $known }
usage-conflict = `{ $argument }` cannot stand together with `{ $value }`
usage-help = `{ $command } --help` shows what can be typed.

## init
init-exists = { $path } is there already: choose another --dir, or add the node to it with --add
init-needs-subject = a global node needs { $flag }: the unified social credit code of its operator, such as --subject 12100000400000000W
init-needs-area = a global node needs { $flag }: the code of the area where its operator is, such as --area 1100
init-not-for-role = a { $role } node takes no { $flag }: leave it out
init-connectors-join = { $flag } is not for a connector host: make it without, and let each organisation join with `{ $program } connector join CODE`
init-plain = --listen { $value } would be plain HTTP beyond this machine: choose a port at 127.0.0.1, and listen elsewhere once [node.tls] in weir.toml names a certificate
init-name-empty = --name is empty: give the name that others shall see
init-name-too-long = --name is longer than { $limit } characters: give a shorter one
init-address = --address { $value } is no base address: give { $scheme }://host:port without a path, or leave it out
init-store = --store is no store: give sqlite:FILE or postgres://user@host/database, or leave it out
init-store-password = --store carries a password: take it out, and give it in { $variable } when the node starts
init-twice = { $path } has a node with this { $key } already ({ $value }): choose another
init-config = configuration  { $path }
init-folder = folder         { $folder } (keys, token, store)
init-next = Next: look through { $path }, then `{ $program } serve --config { $path }`
init-next-code = Next: write the enrolment code of the node above into { $path } (code = …), then `{ $program } serve --config { $path }`

## What goes wrong between a command and its node
client-not-running = nobody listens at { $address }: start the node with `{ $program } serve`, or see `{ $program } doctor` ({ $reason })
client-broken = the connection to { $address } broke: { $reason }
client-unreadable = { $address } answers, but not as a node of this version ({ $reason }): does something else listen there?
client-header = the answer lacks the header `{ $header }`: the node is of another version
failure-status = the node answered with status { $status } and nothing else
error-output = the output cannot be written: { $reason }

## get
get-exists = { $path } is there already: name another with -o, or overwrite it with --force
get-busy = { $path } is being written by another download
get-state = { $path } cannot be used to go on ({ $reason }). Where `{ $program } usage { $contract }` names a use that is not complete, remove the file and go on with --use and its id; without --use a new use begins, and counts
get-other-part = { $path } belongs to use { $use } of contract { $contract }: finish that download, or remove the file
get-changed = the node now describes use { $use } otherwise than when the download began: the source has changed; ask the provider
get-too-long = more than the announced { $bytes } bytes came: nothing of it is kept as data
get-interrupted = interrupted after { $written } ({ $reason }): run the same command again to go on under use { $use }
get-not-resumed = the node cannot go on where the connection broke, and standard output cannot be taken back: use -o FILE
get-receipt-later = The receipt is not ready yet; get it later: { $program } get { $contract } --use { $use } --receipt-only
get-receipt-not-yet = the window of use { $use } is not closed and countersigned yet: try again in a while
get-use = Use { $use }. If it breaks off, go on with: { $program } get { $contract } --use { $use } -o FILE
get-no-use = no use { $use } of contract { $contract } is known here, and nothing was counted: `{ $program } usage { $contract }` names its uses; without --use a new one begins
get-part-alone = { $path } is there, but not the { $state } that says of which use it is: `{ $program } usage { $contract }` names the uses, go on with --use and the id of the one that is not complete; or remove the file, and a new use begins, and counts
get-name-too-long = the name { $path } is too long for what is written beside it: give a shorter one with -o

## verify
verify-no-trust = no trust: name the root certificate of the network with --trust trust.pem, or a configuration whose node has joined
verify-none = { $folder } has no receipt (*.receipt.json, or any *.json)
verify-line = { $step }: { $detail }
verify-part-use = use
verify-part-data = data
verify-part-window = window
verify-part-contract = contract
verify-part-signature = signature
verify-part-log = log
verify-part-checkpoint = checkpoint
verify-step-same-contract = the window was closed under this contract
verify-step-provider-contract = the providing organisation signed the contract
verify-step-user-contract = the using organisation signed the contract
verify-step-provider-inclusion = the window is in the provider's log
verify-step-user-inclusion = the counter-signature is in the user's log
verify-step-provider-checkpoint = the provider's log signed the checkpoint
verify-step-user-checkpoint = the user's log signed the checkpoint
verify-figures-use = { $use }, number { $sequence }, { $bytes }, { $rows } rows, closed { $at }
verify-figures-use-incomplete = { $use }, number { $sequence }, incomplete: { $bytes }, { $rows } rows, closed { $at }
verify-figures-window = number { $number }, uses { $first } to { $last } ({ $uses }), { $bytes }, { $rows } rows
verify-figures-contract = { $contract }, { $provider } provides to { $user }
verify-figures-signature = { $organisation } ({ $signer }), { $suite }, { $at }
verify-figures-inclusion = entry { $index } of { $size } in { $origin }
verify-figures-checkpoint = { $origin }, { $size } entries, root { $root }…
verify-figures-checkpoint-sm2 = { $origin }, { $size } entries, root { $root }…, with SM2
verify-data-same = { $file } beside the receipt is what was delivered: { $bytes }, same SHA-256
verify-data-missing = { $file } is not beside the receipt, so only the receipt was checked
verify-data-unproven = { $file } is beside the receipt, but the use was given up: there is no digest to hold it against
verify-data-other-length = { $file } beside the receipt is not what was delivered: it has { $bytes } bytes, delivered were { $expected }
verify-data-other-digest = { $file } beside the receipt is not what was delivered: its SHA-256 is { $digest }…, delivered was { $expected }…
verify-data-unreadable = { $file } beside the receipt cannot be read: { $reason }
verify-fault-differs = `{ $field }` is `{ $actual }` where the rest of the receipt makes it `{ $expected }`
verify-fault-unreadable = cannot be read: { $reason }
verify-fault-not-included = the path does not lead to the root over { $size } entries
verify-fault-untrusted = the signer's certificate is not trusted: { $reason }
verify-fault-signature = the signature does not fit: { $reason }
verify-fault-not-logged = the logged entry is another object
verify-fault-unsigned = no signature of { $origin } stands under the checkpoint
verify-fault-forged = the checkpoint was changed after { $origin } signed it
verify-fault-future = signed { $signed }, which is after { $now }: one of the clocks is wrong
verify-fault-not-checked = not checked, because an earlier step could not be read: { $because }

## doctor
doctor-config = config
doctor-folder = folder
doctor-token = token
doctor-trust = trust
doctor-clock = clock
doctor-port = port
doctor-node = node
doctor-store = store
doctor-disk = disk
doctor-keys = keys
doctor-certificates = certificates
doctor-clock-above = clock above
doctor-feed = feed
doctor-logs = logs
doctor-outbox = outbox
doctor-windows = windows
doctor-sources = sources
failure-told = { $reason }
doctor-code = code
doctor-code-good = weir.toml has an enrolment code, and no node above has refused it so far
doctor-store-none = there is none at { $location } yet: `{ $program } serve` makes it
doctor-store-opens = { $location } can be opened
doctor-keys-fit = { $folder } has the keys that were certified
doctor-config-read = { $path }, node { $name }
doctor-folder-writable = { $folder } can be written
doctor-folder-not = { $folder } cannot be written ({ $reason }): make it, or give this user the folder
doctor-token-closed = { $path } is readable by its owner only
doctor-token-open = { $path } is open to other users: chmod 600 { $path }, and think of it as known
doctor-trust-good = { $path } holds the pinned root
doctor-trust-missing = there is no { $path } yet: the node writes it when it has joined
doctor-clock-plausible = { $now }, no file of the node is newer
doctor-clock-back = the node's newest file is { $difference } in the future: the clock went back, set it
doctor-port-free = nobody listens at { $address }: the node does not run; `{ $program } serve` starts it
doctor-port-node = node { $id } (version { $version }) listens at { $address }
doctor-port-taken = { $address } is taken by { $by }: stop it, or change `listen`
doctor-port-taken-unknown = { $address } is taken by another program: stop it, or change `listen`
doctor-port-unusable = { $address } cannot be listened at: { $reason }
doctor-said-not-made = could not be looked at ({ $reason }): see the store's check
doctor-said-store-writes = { $location } takes writes
doctor-said-store-broken = { $location } takes no writes ({ $reason }): check free space, the disk and the rights of the store's folder, or the database server
doctor-said-disk-free = { $freeMiB } MiB free at { $folder }
doctor-said-disk-little = only { $freeMiB } MiB free at { $folder }: make room, logs and stores only grow
doctor-said-disk-unknown = this system does not tell the free space: not checked
doctor-said-keys-closed = { $folder } is for its owner only
doctor-said-keys-open = others can read { $files }: chmod 700 the folder and chmod 600 the files; think of keys that others could read as stolen
doctor-said-certificates-none = nobody here has joined: join with an enrolment code
doctor-said-certificates-hold = the first to end is that of { $id }, at { $end }, in { $days } days
doctor-said-certificates-end-soon = that of { $id } ends at { $end }, in { $days ->
    [one] { $days } day
   *[other] { $days } days
 }: ask the function node's operator for a new enrolment code and join again
doctor-said-certificates-ended = that of { $id } ended at { $end }: ask the function node's operator for a new enrolment code and join again
doctor-said-clock-unknown = { $upstream } does not tell its time ({ $reason }): see whether the upstream node runs and can be reached from here
doctor-said-clock-ahead = { $offMs } ms ahead of { $upstream }; messages are taken up to { $limitMs } ms
doctor-said-clock-behind = { $offMs } ms behind { $upstream }; messages are taken up to { $limitMs } ms
doctor-said-clock-ahead-far = { $offMs } ms ahead of { $upstream }; messages are taken up to { $limitMs } ms: set this machine's clock, best by a time service
doctor-said-clock-behind-far = { $offMs } ms behind { $upstream }; messages are taken up to { $limitMs } ms: set this machine's clock, best by a time service
doctor-said-feed-nothing = nothing of { $origin } has come from { $upstream } yet: see whether the upstream node runs and can be reached from here
doctor-said-feed-held = { $entries ->
    [one] { $entries } entry
   *[other] { $entries } entries
 } of { $upstream }, the last at { $last }
doctor-said-feed-damaged = { $entries } entries of { $upstream }, but its checkpoint covers { $signedEntries }: the store is damaged, restore it, or delete it and follow anew
doctor-said-logs-go-on = { $count ->
    [one] { $count } followed log goes on
   *[other] { $count } followed logs go on
 }
doctor-said-logs-stopped = { $stopped } of { $count } do not go on, such as the one of { $whose } ({ $reason }): tell that node's operator; nothing new of it is believed here until its log goes on as it was
doctor-said-logs-passed-over = { $count } entries of followed logs are not believed here, such as the one on { $id } ({ $reason }): two registrars speak of one object, tell both operators; the word that stands here stays until its registration ends
doctor-said-outbox-sends = { $waiting } waiting, { $dead } given up
doctor-said-outbox-given-up = { $waiting } waiting, { $dead } given up, such as { $message } to { $to } ({ $reason }): mend the reason, then try them again with `{ $program } outbox retry`, or dismiss them with `{ $program } outbox dismiss`
doctor-said-outbox-late = { $waiting } waiting, { $dead } given up; { $message } to { $to } is tried since { $since } ({ $reason }): it arrives once the reason is mended, nothing has to be done again
doctor-said-outbox-stuck = { $waiting } waiting, { $dead } given up; the next is overdue for { $overdueSecs } s: restart the node; if it comes back, report it
doctor-said-windows-wait = { $count } wait for their counter-signature
doctor-said-windows-late = window { $number } of { $contract } waits since { $since }: see whether the user's connector runs; without its counter-signatures new uses stop
doctor-said-windows-refused = { $count } refused by the user, such as { $number } of { $contract }: compare both sides' uses of that contract; the refusal names the first that differs
doctor-said-sources-unchanged = { $count ->
    [0] no file is catalogued
    [one] the { $count } file is as it was catalogued
   *[other] { $count } files are as they were catalogued
 }
doctor-said-sources-touched = { $number } of { $count } files were touched since they were catalogued: { $files }: restore them, or catalogue them again with `{ $program } resource add`
doctor-said-sources-missing = { $number } of { $count } files cannot be read: { $files }: restore them, or catalogue them again with `{ $program } resource add`

## Help
help-heading-usage = Usage:
help-heading-commands = Commands
help-heading-arguments = Arguments
help-heading-options = Options
help-note-values = {" "}(possible: { $values })
help-note-default = {" "}(default: { $value })
help-note-options = [OPTIONS]
help-note-env = {" "}(or the variable { $name })
help-any--help = Print this help
help-any--version = Print the version
help-weir = Weir: publish data once, find it everywhere, agree on terms, deliver under them, prove what was done
help-weir-more = Results go to standard output, everything else to standard error.
    Exit codes: 0 done, 1 failure, 2 usage, 3 not reachable, 4 unauthorised,
    5 not found, 6 refused, 7 verification failed, 8 bad input file.

    Examples:
    {"  "}weir demo --once
    {"  "}weir search ozone --lang en
    {"  "}weir contract list --json
help--config = The configuration file
help--node = The node, where the configuration has several
help--as = The connector that acts, where the node hosts several
help--json = Results as JSON, one document
help--lang = The language: en or zh (default: the terminal's)
help-init = Make a new node: configuration, folder, token, keys and store
help-init-more = Examples:
    {"  "}weir init --role global --name root --listen 127.0.0.1:18080 --subject 91110000100000000R --area 1100
    {"  "}weir init --role region --name beijing --listen 127.0.0.1:18081 --code weir1.eyJ…
    {"  "}weir init --role connector --name hosts --listen 127.0.0.1:18083 --dir /srv/weir --add
help-init--role = What the node is for
help-init--name = The name that others see
help-init--listen = Where the process listens
help-init--address = The base address under which others reach the node (default: where it listens)
help-init--suite = The suite of the node's keys
help-init--code = The enrolment code from the node above (region, industry, service)
help-init--subject = The operator's subject code (global)
help-init--area = The area code of the node (global)
help-init--dir = Where weir.toml and the node's folder are made
help-init--store = The store: sqlite:<file> or postgres://user@host/database (default: SQLite in the folder)
help-init--add = Add the node to a weir.toml that is there already
help-token = Write a new administrator's token where it is lost or empty
help-token-more = Examples:
    {"  "}weir token
    {"  "}weir token --config /srv/weir/weir.toml --node beijing
help-serve = Run the nodes of the configuration until Ctrl-C
help-serve-more = Examples:
    {"  "}weir serve --config /srv/weir/weir.toml
    {"  "}weir serve --node beijing
help-org = Subjects that this node registers
help-org-more = Examples:
    {"  "}weir org register 91110000100000000R --name "Aotizhongxin station"
    {"  "}weir org list
help-org-register = Register a subject, and print its enrolment code
help-org-register-more = Examples:
    {"  "}weir org register 91110000100000000R --name "Aotizhongxin station"
    {"  "}weir org register 913100001000000007 --name Shanghai --runs region --area 3100
help-org-register--subject = The unified social credit code, 18 characters
help-org-register--name = The organisation's name
help-org-register--runs = What the subject will run
help-org-register--area = The area of the region or industry node
help-org-list = List the registered subjects
help-org-list-more = Examples:
    {"  "}weir org list --json
help-connector = Connectors that this node hosts
help-connector-more = Examples:
    {"  "}weir connector join weir1.eyJ… --name "Aotizhongxin station"
    {"  "}weir connector list
help-connector-join = Join an organisation's connector with its enrolment code
help-connector-join-more = Examples:
    {"  "}weir connector join weir1.eyJ… --name "Aotizhongxin station"
help-connector-join--code = The enrolment code from the region
help-connector-join--name = The connector's name (default: the organisation's)
help-connector-list = List the connectors
help-connector-list-more = Examples:
    {"  "}weir connector list --json
help-resource = Files that a provider catalogues
help-resource-more = Examples:
    {"  "}weir resource add air.csv --title "Hourly air quality"
    {"  "}weir resource list
help-resource-add = Profile files, catalogue them, and register them with the region
help-resource-add-more = Examples:
    {"  "}weir resource add air.csv --title "Hourly air quality" --keyword ozone,PM2.5
    {"  "}weir resource add old.csv --encoding gbk
    {"  "}weir resource add stations/
help-resource-add--paths = CSV or Parquet files on the node's machine, or folders of them
help-resource-add--encoding = The encoding of the text, where it is not found right (such as gbk)
help-resource-list = List the resources
help-resource-list-more = Examples:
    {"  "}weir resource list --as 5…
help-any--title = The title, in both languages
help-any--title-zh = The title in Chinese
help-any--title-en = The title in English
help-any--description = The description, in both languages
help-any--description-zh = The description in Chinese
help-any--description-en = The description in English
help-any--keyword = Keywords, separated by commas or repeated
help-any--terms = A JSON file with all terms
help-any--action = What may be done with the data, such as read
help-any--count = How many uses
help-any--from = From when: 2026-01-31 (UTC+8) or RFC 3339
help-any--to = Until when; a date is included
help-any--field = Only these columns
help-any--region = Only users in these areas
help-any--user = Only these organisations
help-any--reason = Why; the other side reads it
help-product = What a provider offers, and where it is listed
help-product-more = Examples:
    {"  "}weir product register 7… --count 2 --to 2026-12-31
    {"  "}weir product list 6…
    {"  "}weir product list
help-product-register = Register a resource as a product, or again after its file changed; what is not named stays as it was
help-product-register-more = Examples:
    {"  "}weir product register 7… --count 2 --to 2026-12-31 --industry 0077
    {"  "}weir product register 7… --field PM2.5,O3 --negotiation manual
help-product-register--resource = The resource
help-product-register--industry = The industry code, such as 0077
help-product-register--negotiation = Whether proposals are answered by the node or by hand
help-product-list = Without a product: list your own. With one: put it up on a service node
help-product-list-more = Examples:
    {"  "}weir product list
    {"  "}weir product list 6… --on 4…
help-product-list--product = The product to put up
help-product-list--on = The service node, where several are known
help-product-show = Show a product
help-product-show-more = Examples:
    {"  "}weir product show 6… --json
help-product-show--product = The product
help-product-delist = Take a product down from a service node
help-product-delist-more = Examples:
    {"  "}weir product delist 6… --reason "new edition"
help-product-delist--product = The product
help-product-delist--on = The service node, where it is listed on several
help-product-withdraw = Withdraw a product; contracts in force go on
help-product-withdraw-more = Examples:
    {"  "}weir product withdraw 6… --reason "source closed"
help-product-withdraw--product = The product
help-search = Find products anywhere in the network
help-search-more = Examples:
    {"  "}weir search ozone
    {"  "}weir search Changping PM2.5 --limit 5
help-search--words = Words, Chinese or English
help-search--limit = At most so many
help-search--offset = From which one on
help-contract = Contracts, on the user's side and on the provider's
help-contract-more = Examples:
    {"  "}weir contract propose 6… --count 1 --sign on-agreement --wait 30
    {"  "}weir contract list
help-contract-propose = Propose a contract: the offer's terms, changed by the flags
help-contract-propose-more = Examples:
    {"  "}weir contract propose 6… --count 1
    {"  "}weir contract propose 6… --sign on-agreement --wait 30
help-contract-propose--product = The product
help-contract-propose--name = The contract's name
help-contract-propose--sign = Sign by hand, or at once when the other side agrees to exactly these terms
help-contract-propose--wait = Wait so many seconds until it is in force
help-contract-list = List the contracts
help-contract-list-more = Examples:
    {"  "}weir contract list --json
help-contract-show = Show a contract with its rounds
help-contract-show-more = Examples:
    {"  "}weir contract show C…
help-contract-show--contract = The contract's identifier or local key
help-contract-counter--contract = The contract's identifier or local key
help-contract-accept--contract = The contract's identifier or local key
help-contract-sign--contract = The contract's identifier or local key
help-contract-wait--contract = The contract's identifier or local key
help-contract-reject--contract = The contract's identifier or local key
help-contract-terminate--contract = The contract's identifier or local key
help-contract-counter = Answer with other terms: the last ones, changed by the flags
help-contract-counter-more = Examples:
    {"  "}weir contract counter C… --count 1
help-contract-accept = Agree to the other side's last terms
help-contract-accept-more = Examples:
    {"  "}weir contract accept C…
help-contract-sign = Sign the agreed terms
help-contract-sign-more = Examples:
    {"  "}weir contract sign C… --wait 30
help-contract-sign--wait = Wait so many seconds until it is in force
help-contract-wait = Wait until a contract reaches a state
help-contract-wait-more = Examples:
    {"  "}weir contract wait C… --timeout 60
help-contract-wait--state = The state's code (05: in force)
help-contract-wait--timeout = At most so many seconds
help-contract-reject = End a negotiation
help-contract-reject-more = Examples:
    {"  "}weir contract reject C… --reason "too many uses"
help-contract-terminate = End a contract in force; what was used stays used
help-contract-terminate-more = Examples:
    {"  "}weir contract terminate C… --reason "project over"
help-get = Download a contract's data and its receipt; an interrupted download goes on
help-get-more = Examples:
    {"  "}weir get C…
    {"  "}weir get C… -o air.csv
    {"  "}weir get C… -o - | duckdb -c "from read_csv('/dev/stdin')"
help-get--contract = The contract's identifier or local key
help-get--output = The file; - is standard output (default: named after the contract)
help-get--use = The use to go on with (default: that of the interrupted download, or a new one)
help-get--force = Overwrite the file
help-get--receipt-only = Fetch the receipt of an earlier use, and no data
help-verify = Verify receipts offline, and the data files beside them
help-verify-more = Examples:
    {"  "}weir verify air.csv.receipt.json --trust trust.pem
    {"  "}weir verify receipts/ --json
help-verify--paths = Receipts, or folders of them
help-verify--trust = The root certificate of the network (default: the configured node's)
help-usage = What was used: this side's meter and the countersigned windows
help-usage--contract = Of this contract, every use with its id
help-usage-more = Examples:
    {"  "}weir usage
    {"  "}weir usage C…
    {"  "}weir usage --json
help-nodes = The nodes of the network that this one knows
help-nodes-more = Examples:
    {"  "}weir nodes
help-status = What the node says about itself
help-status-more = Examples:
    {"  "}weir status
    {"  "}weir status --node beijing --json
help-outbox = Messages that wait to be sent, and those that were given up
help-outbox-more = Examples:
    {"  "}weir outbox list
    {"  "}weir outbox retry --all
help-outbox-list = List messages that wait and those that were given up
help-outbox-list-more = Examples:
    {"  "}weir outbox list
    {"  "}weir outbox list --json
help-outbox-retry = Send messages again that were given up; those that wait are tried at once
help-outbox-retry-more = Examples:
    {"  "}weir outbox retry 17
    {"  "}weir outbox retry --all
help-outbox-retry--messages = The messages' numbers, as outbox list has them
help-outbox-retry--all = All messages
help-outbox-dismiss = Forget messages that were given up and are not needed any more
help-outbox-dismiss-more = Examples:
    {"  "}weir outbox dismiss 17
help-outbox-dismiss--messages = The messages' numbers, as outbox list has them
help-doctor = Look for what is wrong, and say what to do
help-doctor-more = Examples:
    {"  "}weir doctor
    {"  "}weir doctor --config /srv/weir/weir.toml
help-demo = Run a whole network on this machine, and walk the main flow
help-demo-more = Examples:
    {"  "}weir demo
    {"  "}weir demo --data stations/ --once
    {"  "}weir demo --keep /tmp/weir-demo --lang zh
help-demo--data = A folder of CSV and Parquet files, one provider each (default: generated data)
help-demo--once = End after the walk
help-demo--keep = Keep the network's state there, and resume it
help-demo--seed = The seed of the generated data
help-demo--port = The port of the page; 0 takes any that is free
help-completions = Print what a shell needs to complete commands
help-completions-more = Examples:
    {"  "}weir completions bash > ~/.local/share/bash-completion/completions/weir
    {"  "}weir completions zsh > ~/.zfunc/_weir
help-completions--shell = The shell

## The network that runs
serve-log = { $variable } cannot be `{ $value }` ({ $reason }): give a level such as info, or one for each part, such as warn,app::feed=debug
serve-port-taken = { $node }: { $address } is taken: stop the process that listens there, or choose another port with `listen`
serve-port-reserved = { $node }: { $address } needs more rights than this process has: choose a port above 1023 with `listen`
serve-listen = { $node }: { $address } cannot be listened at ({ $reason }): choose an address of this machine with `listen`
serve-plain = { $node }: { $address } can be reached from other machines, and there is no certificate: give the node [node.tls], or listen at 127.0.0.1
serve-tls = { $node }: a file of [node.tls] ({ $part }) cannot be used: { $reason }; expected PEM
serve-weak-token = { $node }: the administrator's token has { $length } characters, at least { $least } are needed: remove the file, then `{ $program } token` writes a new one
serve-waits-silent = { $node } has not joined yet: the node above has not answered so far. It goes on waiting and trying; Ctrl-C stops it
serve-waits = { $node } has not joined yet: { $reason }. It goes on trying; Ctrl-C stops it
serve-running = { $node } runs at { $address }
list-comma = {", "}
demo-semicolon = {"; "}
metering-cell = { $uses } { $uses ->
        [one] use
       *[other] uses
    }, { $rows } { $rows ->
        [one] row
       *[other] rows
    }, { $bytes }
node-failed = { $node }: { $reason }
tls-failed = TLS cannot be set up: { $reason }
index-failed = The search index cannot be opened: { $reason }. Remove its folder; it is filled again from the store.
file-unreadable = { $path } cannot be read: { $reason }
store-lost = { $node }: the store at { $location } is missing or empty, although { $folder } holds trust.pem or keys of what has joined: restore the store from a backup, or remove `keys` and `trust.pem` there to begin anew
code-missing = { $node } has not joined yet: put its enrolment code into weir.toml as `code = "weir1.…"`
node-unknown = There is no node { $node } in this demo.
demo-folder-unreadable = { $path } cannot be read: { $reason }
demo-folder-empty = { $folder } holds no data: it needs at least one file that ends in .csv, .tsv or .parquet
demo-folder-many = The folder holds { $found } files; one demo starts at most { $limit } providers
demo-generate-failed = The data could not be generated in { $folder }
demo-state-unreadable = { $path } is not the state of a demo: choose another folder for --keep
demo-port-taken = Port { $port } on 127.0.0.1 cannot be used ({ $reason }): stop what listens there, or choose another with --port
demo-not-found = The search for “{ $query }” did not find what it should
demo-not-refused = A second use of { $product } was not refused, or was counted, though its contract allows one
demo-nothing-left = None of the files can be used
demo-contract-ended = A contract ended before it was signed: { $reason }
demo-digest-differs = { $file } is not what the catalogue says: its length or digest is another
demo-waited-feed = waited longer than { $time } for what another node has to hear of
demo-waited-nodes = waited longer than { $time } for every node to be known
demo-waited-window = waited longer than { $time } for both sides to hold the same windows
demo-waited-receipt = waited longer than { $time } for a receipt
demo-waited-contract = waited longer than { $time } for a contract to come into force
demo-receipt-fails = { $file } does not hold: { $reason }
demo-meters-differ = The two sides' meters differ
demo-failed-at = The demo failed at the step “{ $step }”
demo-nothing-usable = None of the files in { $folder } can be used
demo-not-certified = { $region } has certified { $found } of { $expected } organisations
demo-not-registered = { $file } was not registered: { $reason }
demo-not-in-catalogue = The catalogue of { $node } has { $found } of { $expected } products
demo-rounds-differ = Contract { $contract }: what both sides keep is not what was negotiated
demo-signature-fails = Contract { $contract }: a signature does not hold: { $reason }
demo-windows-differ = Contract { $contract }: the usage windows are not signed by both sides
demo-receipt-other = { $receipt } is about another delivery than { $file }

## Files of the demo that cannot be used
bad-file-empty = it is empty; it needs at least a line of column names
bad-file-text = line { $line } is neither UTF-8 nor a Chinese encoding (byte { $offset }): save it as UTF-8, or as UTF-16 with a byte order mark
bad-file-encoding = line { $line } does not fit the encoding { $encoding } (byte { $offset }): repair the line, or save the file as UTF-8
bad-file-ragged = line { $line } has { $found } fields where the header has { $expected }: repair the line, or quote fields that hold the delimiter
bad-file-row = line { $line } is longer than { $limit } bytes: close the quote that begins in it
bad-file-quote = it ends inside a quoted field: close the quote that begins in line { $line }
bad-file-columns = it has { $found } columns, and the limit is { $limit }: split it, or turn columns into rows
bad-file-header = columns { $first } and { $second } are both named “{ $name }”: rename one
bad-file-nameless = column { $column } has no name: give it one
bad-file-long-name = the name of column { $column } has { $found } characters, and the limit is { $limit }: shorten it
bad-file-changing = it changed while it was read: wait until it is complete
bad-file-parquet = it is not a complete Parquet file ({ $reason }): copy it again from its source
bad-file-unreadable = it cannot be read: { $reason }
bad-file-defect = reading it failed ({ $reason }): this is a defect of Weir, report it, with the file if it may be shown
bad-file-link = it is a link to nothing: mend or remove the link
bad-file-folder = it is a folder: put its files beside the others, or rename it
bad-file-special = it is a pipe, socket or device: give a regular file
bad-file-name = its name is not UTF-8: rename it
bad-file-name-control = its name has control characters: rename it
bad-file-name-long = its name has { $found } bytes, and the limit is { $limit }: shorten it
bad-file-control-name = the name of column { $column } has the control character { $character }: remove it
demo-interrupted = Interrupted; what was acknowledged is kept: the same command resumes it
demo-interrupted-for-good = Interrupted; nothing is kept
error-signal = The signals of this process cannot be watched

init-root-refused = a global node cannot be made with this { $flag }: { $reason }
demo-kept-port-taken = Port { $port } of this kept demo cannot be used ({ $reason }): stop what listens there; perhaps the same demo still runs
demo-other-data = This kept demo is about { $kept }, not { $wanted }: leave --data out, or choose another folder for --keep

## What a node refused, by its case (docs/MANAGEMENT-API.md, "Problems")
told-not-found = there is no { $kind } `{ $id }` here
told-not-possible = `{ $input }` is not possible: the { $object } is { $state }; possible is { $possible }
not-possible-withdrawn = `{ $input }` is not possible: the { $object } is { $state }; `{ $program } product register` brings it back
told-not-possible-any-more = `{ $input }` is not possible: the { $object } is { $state }
told-rounds-exhausted = the negotiation has had its { $limit } rounds: accept, reject or start another contract
told-same-terms = these are the other side's own terms: accept them
told-already-proposed = these terms were proposed in round { $round } and not accepted: change them, accept the other side's or reject
told-terms-over = the time of these terms ended at { $end }: agree on a later end
told-terms-not-over = the time of these terms ends at { $end }: terminate the contract to end it now
told-id-conflict = the { $object } has the identifier `{ $known }`, not `{ $given }`: an assigned one never changes
told-text-too-long = `{ $field }` has { $actual } characters: at most { $limit }
told-too-many = `{ $field }` has { $actual } items: at most { $limit }
told-text-empty = `{ $field }` is empty: give one
told-invalid = the { $object } cannot be used: { $reason }
told-unknown-code = unknown code `{ $text }` ({ $table }): expected one of { $expected }
told-no-time = `{ $text }` is no time: give one such as 2026-01-31T08:00:00+08:00
told-no-time-range = `{ $text }` is no time range: give two times joined by `--`
told-time-range-empty = the time ends at { $to }, which is not after its start { $from }: give a later end
told-time-out-of-range = the time lies outside the years 0000 to 9999: choose dates within them
told-id-length = `{ $text }` has { $actual } characters: expected { $expected }
told-id-character = `{ $text }` has `{ $found }` at position { $position }, which may not stand there
told-id-type = `{ $text }` is of type `{ $found }`: expected { $expected }
told-id-check = `{ $text }` has check character `{ $found }`, computed `{ $computed }`: compare it with the source, a character is wrong
told-id-separator = `{ $text }` has `{ $found }` at position 33: expected the separator `•` before an extension
told-id-extension = `{ $text }` has a wrong extension: compare it with the source
told-id-time = `{ $text }` has the time code `{ $time }`: expected a time YYYYMMDDHHMMSS
told-id-draws = no identifier after { $draws } draws: the random source repeats itself
told-area = `{ $text }` is no area code that can stand here: give the first four digits of GB/T 2260, such as `1100`, or `00` and an industry's division, such as `0077`
told-credit-code = credit code `{ $text }` has check character `{ $found }`, computed `{ $computed }`: compare it with the licence
told-use-id = this is no use id: give 1 to 64 letters, digits and hyphens
told-field-missing = `{ $field }` is missing
told-field-form = `{ $field }` is `{ $found }`: expected { $expected }
told-field-length = `{ $field }` has length { $actual }: the limit is { $limit }
told-field-refused = `{ $field }` cannot be used: { $reason }
told-body-empty = the request has no fields: send a JSON object
told-signature = `{ $field }` does not match the message and the key `{ $key }`
told-terms-refused = the terms cannot be agreed at `{ $field }`: { $reason }
told-terms-exceed = more is wanted than is offered ({ $constraint }): wanted { $wanted }, offered { $offered }
told-terms-disjoint = what is wanted has nothing in common with the offer ({ $constraint }): wanted { $wanted }, offered { $offered }
told-unknown-action = unknown action `{ $actual }`: use `read` or `download`
told-unsupported-action = action `{ $actual }` cannot be enforced here: use `read` or `download`
told-one-action = { $actual } actions: a contract has exactly one, `read` or `download`
told-unknown-constraint = unknown constraint `{ $constraint }`: use count, time, fields, region or user
told-unsupported-constraint = constraint `{ $constraint }` cannot be enforced here: use count, time, fields, region or user
told-unknown-operator = unknown operator `{ $operator }`: use a code `01` to `12` or its name, such as `lteq`
told-unsupported-operator = operator `{ $operator }` cannot be enforced on `{ $constraint }`: use { $possible }
told-bad-value = `{ $actual }` cannot be the value of `{ $constraint }`: expected { $expected }
told-constraint-twice = constraint `{ $constraint }` stands twice: give it once
told-constraint-missing = constraint `{ $constraint }` is missing: a contract has a start and an end
told-limited-to-nothing = { $constraint } is limited to nothing: name at least one, or leave it out
told-count-range = count { $actual } is out of range: give 1 to { $limit }
told-too-many-items = { $constraint } names { $actual } items: at most { $limit }
told-terms-too-large = the terms are too large ({ $what }): { $actual }, and the limit is { $limit }
told-user-left-out = the users `{ $users }` leave out this contract's user `{ $user }`, so it could never be used: name `{ $user }` among them, or leave the users away
told-region-left-out = the regions `{ $regions }` leave out `{ $region }`, where this contract's user is registered, so it could never be used: name `{ $region }` among them, or leave the regions away
told-not-a-region = `{ $actual }` is an industry, not a region: give a code such as `3100`
told-fields-on-format = fields cannot be limited on { $actual } files yet: leave the fields out
told-unknown-field = the product has no field `{ $actual }`: compare it with the catalogue's columns
told-field-name = field name `{ $actual }` has a wrong length: give 1 to { $limit } characters
told-use-in-state = the contract is in state { $actual }: only a contract in force allows uses
told-use-abandoned = use `{ $use }` is closed as incomplete: begin another use
told-use-without-receipt = use `{ $use }` was refused by its provider: it has no receipt
told-use-unannounced = the provider has announced nothing for use `{ $use }` yet: ask for the data first
told-windows-unsigned = { $actual } usage windows of contract `{ $contract }` wait for the user's counter-signature, and { $limit } are the limit: new uses wait until they are countersigned
told-use-closing = use `{ $use }` is being closed as abandoned: try again in a moment
told-use-open = use `{ $use }` has not ended yet: its receipt comes afterwards
told-use-not-whole = use `{ $use }` has not arrived whole yet: its receipt comes afterwards
told-window-open = the usage window of use `{ $use }` is still open: try again in a moment
told-window-unsigned = window { $window } is not countersigned yet: try again in a moment
told-window-unnumbered = the evidence log has not numbered window { $window } yet: try again in a moment
told-letter-obsolete = message { $id } is out of date: what it is about is over, or was decided otherwise since; dismiss it
told-letter-waits = message { $id } is still to be sent: only messages that were given up are dismissed
told-letter-needed = message { $id } carries a usage window, which is sent again until it is answered or its contract is over: it stays
told-offer-twice = `{ $field }` is given beside `offer`: give the whole offer, or what is different from the earlier one
told-unanswered = the other side has not answered yet; the message is under way, nothing has to be done again
told-product-on-its-way = product `{ $product }` has not reached this node yet: try again in a moment
told-product-changed = the source of product `{ $product }` changed since it was catalogued: its provider has to restore it, or to catalogue it again and register the product again
told-product-withdrawn = product `{ $product }` is withdrawn: search for another
told-product-of-another = product `{ $product }` belongs to another connector
told-no-service-node = products are listed on service nodes: name one with --on
told-several-service-nodes = { $count } service nodes are known: name one of them with --on
told-several-connectors = { $count } connectors are hosted here: name the one that acts with --as (`{ $program } connector list` shows them)
told-no-connector = no connector has joined here yet: `{ $program } connector join CODE` joins one
told-hosts-no-connectors = this node hosts no connectors: resources, products and contracts are kept on connector hosts, so ask one of them
told-not-joined = this node has not joined yet: write its enrolment code into weir.toml as `code = "weir1.…"` and start it again
told-trusts-nobody = this node has not joined a network yet, so it trusts nobody: join with an enrolment code
told-no-identity = neither the node nor a connector has joined yet: join with an enrolment code
told-no-organisation-key = `{ $id }` has no organisation's key: only connectors sign contracts
told-no-region = it belongs to no region or industry yet: join with an enrolment code
told-no-index = this node keeps no search index: ask a region
told-root-joins-nobody = a global node joins nobody: it is the root of its network
told-no-root = only a global node is a root: this one joins with an enrolment code
told-certifies-nobody = this node certifies nobody: join at a region or industry node
told-does-not-register = a node of role { $role } does not register subjects that run { $runs }: the global node registers regions and industries, these register service nodes and connectors
told-unknown-role = `{ $actual }` is none of connector, service, region, industry
told-area-missing = the code of the region or industry is missing: give it with --area
told-area-of-another-kind = `{ $actual }` cannot be the area of a { $runs }: a region has four digits of GB/T 2260, an industry `00` and its division
told-registered-as = `{ $subject }` is registered here as `{ $name }`: give that name
told-registered-elsewhere = `{ $subject }` is registered at { $registrar } already: it has to be deregistered there first, or join there
told-another-key = `{ $subject }` has another signing key already, which its first connector brought: join with this code on the host where that connector is, or put that host's `keys/organisation-{ $subject }.pem` in place of the one in the data folder here, and join again
told-enrolment-unknown = this enrolment code was not given out by the node that it names: ask that node's operator for one
told-enrolment-of-another = this enrolment code is for { $runs } of `{ $subject }`: use it there
told-enrolment-used = this enrolment code was used already, by another key: ask the operator who gave it for a new one
told-enrolment-expired = this enrolment code is expired or revoked: ask the operator who gave it for a new one
told-no-enrolment-code = this is no enrolment code: it begins with `weir1.`; copy all of it
told-code-of-another = this enrolment code is for `{ $subject }`, and this node joined for `{ $own }` already: take the code out of weir.toml
told-provides-itself = in contract `{ $contract }` this side provides the data: its user gets it
told-sequence-reused = sequence number `{ $sequenceNum }` was used before with another message: use a new one
told-repeated = the same is being done already: try again in a moment
told-interrupted = reading was interrupted: try again
told-folder = `{ $path }` cannot be used: { $reason }
told-offset-beyond-end = offset { $actual } lies behind the end of { $limit } bytes: begin at 0, or at what was received
told-unknown-encoding = unknown encoding `{ $actual }`: give one such as `utf-8`, `gbk`, `gb18030` or `big5`
told-file-is-utf8 = `{ $path }` is UTF-8, not { $encoding }: leave --encoding away
told-file-missing = there is no file at `{ $path }`: give the path of a CSV or Parquet file
told-file-special = `{ $path }` is a folder, a pipe or a device: give the path of a CSV or Parquet file
told-file-ending = `{ $path }` has no known ending: .csv, .tsv, .txt and .parquet are
told-file-changed = `{ $path }` is not the file that was catalogued: its digest is { $found }, the catalogue's { $catalogued }; restore it, or catalogue it again with `{ $program } resource add` and register its product again with `{ $program } product register`
told-certificate-expired = the certificate of `{ $subject }` expired at { $end }: renew it
told-certificate-not-yet = the certificate of `{ $subject }` is valid from { $from }, and it is { $at }: check the clock
told-certificate-untrusted = the certificate of `{ $subject }` was issued by `{ $issuer }`, which is not among the root certificates
told-private-key = a private key of the node cannot be read: restore the folder `keys` from a backup
told-signature-differs = a signature does not match: the message was changed, or another key signed it
told-log-key-lost = the key `{ $key }` of a log, in the folder `keys`, is missing, or is not the one that the log was written with: restore the folder from a backup
told-key-not-certified = the key `{ $key }` in the folder `keys` is missing, or is not the one that was certified: restore the folder from a backup
told-store-address = the store's address cannot be read: give `sqlite:<file>` or `postgres://user@host:port/database` ({ $reason })
told-store-unreachable = the database at `{ $location }` cannot be reached: check that the server runs and that user, password and database name are right ({ $reason })
told-store-not-writable = the store `{ $path }` cannot be written: check that its folder exists and belongs to this user ({ $reason })
told-store-missing = there is no store at `{ $location }`: restore it from a backup, or correct the address
told-store-foreign = `{ $location }` holds something that is not a Weir store: restore the store from a backup, or choose another address; nothing was changed
told-store-newer = the store at `{ $location }` has version { $found } (written by Weir { $writtenBy }), and this program knows versions up to { $known }: run a Weir that is at least as new, or restore the backup made before the upgrade
told-store-locked = the store at `{ $location }` is in use by { $holder }: stop that process first, or give this node a store of its own
told-store-taken-over = another process has taken over the store: restart this one to see the newer state
told-store-closed = the store is closed: the node is stopping
told-store-busy = the same object is being changed: try again in a moment
told-store-body-newer = the store holds an entry of version { $found }, and this program reads up to { $known }: run a newer Weir
told-store-not-durable = the change could not be made durable: check free space and the health of the disk ({ $reason })
told-store-database = the store failed: check free space and the health of the disk or database; if the file is damaged, restore it from a backup ({ $reason })
told-net-address = `{ $host }` cannot be used as an address ({ $reason }): give one such as `https://node.example:8443`
told-net-plain = plain HTTP to `{ $host }`, which is not this machine, is refused: give that node a certificate and use https
told-net-private = `{ $host }` has the address { $address }, which is a private one: set `allow_private = true` if that node is meant to be there
told-net-unresolved = the address of `{ $host }` cannot be found: check the name, or the resolver of this machine
told-net-unreachable = `{ $host }` cannot be reached: it does not run, or does not listen there
told-net-timeout = `{ $host }` did not answer within { $limitMs } ms: try again
told-net-tls = no trusted connection to `{ $host }`: check the root certificates and that node's certificate ({ $reason })
told-net-too-large = the answer of `{ $host }` is larger than { $limit } bytes
told-net-redirected = `{ $host }` redirects to `{ $to }`, which is not followed: configure the node's own address
told-net-status = `{ $host }` answered with status { $answered }
told-net-broken = the connection to `{ $host }` broke: try again
told-use-count = its contract allows { $limit }, and { $actual } { $actual ->
        [one] is
       *[other] are
    } used (count); agree on another contract
told-use-before-its-time = the contract begins at { $limit }, and it is { $actual } (time): come back then
told-use-after-its-time = the contract ended at { $limit }, and it is { $actual } (time): agree on another contract
told-use-field = the contract does not grant { $actual }; it grants { $limit } (fields)
told-use-region = the contract is for { $limit }, and the user is in { $actual } (region)
told-use-user = the contract is not for { $actual } (user)
failure-peer = { $peer } refused: { $told } ({ $code })
failure-file = { $path }: { $told }

## What a node refused, by its code: the node's own words stand in the sentence
problem-input = { $reason }
problem-unparsable = { $reason }
problem-body-too-large = { $reason }
problem-body-incomplete = { $reason }
problem-unauthorised = { $reason }
problem-unknown-path = { $reason }
problem-method = { $reason }
problem-not-found = { $reason }
problem-forbidden = { $reason }
problem-not-joined = { $reason }
problem-state = { $reason }
problem-terms = { $reason }
problem-use-refused = { $reason }
problem-metering = { $reason }
problem-evidence = { $reason }
problem-certificate = { $reason }
problem-enrolment = { $reason }
problem-sequence-reused = { $reason }
problem-source = { $reason }
problem-source-changed = { $reason }
problem-file = { $reason }
problem-search-query = { $reason }
problem-search-failed = { $reason }
problem-not-yet = { $reason }
problem-busy = { $reason }
problem-peer-unreachable = { $reason }
problem-peer-timeout = { $reason }
problem-peer-address = { $reason }
problem-peer-untrusted = { $reason }
problem-peer-answer = { $reason }
problem-peer-refused = { $reason }
problem-peer-failed = { $reason }
problem-store = { $reason }
problem-internal = { $reason }
problem-other = { $reason }

## Words of a node in these sentences and in tables
word-contract = contract
word-product = product
word-resource = resource
word-use = use
word-window = window
word-connector = connector
word-organisation = organisation
word-log = log
word-message = message
word-party = party
word-profile = profile
word-signature = signature
word-address-of = address of
word-public-log-of = public log of
word-publisher-of-log = publisher of log
word-function-node-of-area = function node of area
word-identifier-of-contract = identifier of contract
word-listed-product = listed product
word-offered-product = offered product
word-product-of-yours = product of yours
word-resource-of-yours = resource of yours
word-node-connector-or-organisation = node, connector or organisation
word-service-node = service node
word-initiated = initiated
word-negotiating-with-our-side-to-answer = negotiating, with our side to answer
word-negotiating-with-the-peer-to-answer = negotiating, with the peer to answer
word-agreed-without-our-signature = agreed, without our signature
word-agreed-without-the-peer-s-signature = agreed, without the peer's signature
word-not-signed = not signed
word-performing = performing
word-ended = ended
word-open = open
word-closed = closed
word-incomplete = incomplete
word-draft = draft
word-submitted = submitted
word-catalogued = catalogued
word-registered = registered
word-listed = listed
word-withdrawn = withdrawn
word-revoked = revoked
word-deregistered = deregistered
word-accept = accept
word-propose = propose
word-sign = sign
word-reject = reject
word-terminate = terminate
word-expire = expire
word-list = list
word-delist = delist
word-withdraw = withdraw
word-revoke = revoke
word-submit = submit
word-certify = certify
word-id-assigned = id assigned
word-finish = finish
word-abandon = abandon
word-sent = sent
word-global = global
word-region = region
word-industry = industry
word-service = service
word-provider = provider
word-user = user
word-automatic = automatic
word-manual = manual
word-limit-count = count
word-limit-time = time
word-limit-fields = fields
word-limit-action = action
word-limit-region = region
word-limit-user = user
word-read = read
word-download = download
word-expired = expired
word-terminated = terminated
word-rejected = rejected
word-process = process
word-another-process = another process
