# English texts of the command line. Keys and variables are the same in every file of this folder; a test compares them.
# Numbers are passed as numbers and grouped by thousands; identifiers, ports and years as text.

## Words that stand before a line
label-error = error
label-warning = warning
label-hint = hint
label-ok = ok
label-failed = failed

## The demo: its heading
demo-title = Weir demo · { $providers } { $providers ->
        [one] provider
       *[other] providers
    }, { $regions } { $regions ->
        [one] region
       *[other] regions
    }, { $users } { $users ->
        [one] user
       *[other] users
    } · data: { $files } { $files ->
        [one] file
       *[other] files
    }, { $rows } rows
demo-generated = The data is generated (seed { $seed }): give --data DIR for files of your own.
demo-resumed = Resuming the network kept in { $folder }.
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
    }, { $connectors } { $connectors ->
        [one] connector
       *[other] connectors
    }
demo-identity = { $organisations } { $organisations ->
        [one] organisation
       *[other] organisations
    } certified ({ $suites })
demo-identity-suite = { $suite } in { $region }
demo-catalogue = { $resources } { $resources ->
        [one] resource
       *[other] resources
    } profiled: { $columns } { $columns ->
        [one] column
       *[other] columns
    }, { $from } to { $to }, { $missing } missing
demo-catalogue-timeless = { $resources } { $resources ->
        [one] resource
       *[other] resources
    } profiled: { $columns } columns, { $missing } missing
demo-register = { $products } { $products ->
        [one] product
       *[other] products
    }, for instance { $example }
demo-listed = { $products } { $products ->
        [one] product
       *[other] products
    } on the service node of { $region }
demo-visible = { $places } (slowest of { $products })
demo-visible-region = in { $region } after { $time }
demo-visible-global = at the global node after { $time }
demo-found = in { $region }: { $results }
demo-found-one = “{ $query }”: { $count } { $count ->
        [one] product
       *[other] products
    }
demo-contract = { $contracts } { $contracts ->
        [one] contract
       *[other] contracts
    }: count { $asked } changed to { $agreed }, signed by both
demo-each = { $time } each
demo-delivered = { $files } { $files ->
        [one] file
       *[other] files
    }, { $bytes }, digests match
demo-refused = a second use of { $product }: its contract allows { $limit } ({ $constraint }): as it should be
demo-closed = { $windows } { $windows ->
        [one] window
       *[other] windows
    } signed by the providers and countersigned by the user
demo-proven = { $receipts } { $receipts ->
        [one] receipt
       *[other] receipts
    } verified offline; providers' and user's meters agree: { $uses } { $uses ->
        [one] use
       *[other] uses
    }, { $rows } rows
demo-failed = { $reason }

## The demo: both sides' metering
metering-heading = What both sides counted
metering-provider = provider
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
next-search = { $program } search { $word } --config { $config }
next-status = { $program } status --config { $config }
next-verify = { $program } verify { $folder } --trust { $trust }
next-stopping = Stopping; what was acknowledged is kept.
next-stopped = Stopped.

## What takes long
progress-profiling = profiling { $file }
progress-downloading = downloading { $product }
progress-resuming = resuming at { $bytes }
progress-verifying = verifying receipts
progress-generating = generating data
progress-starting = starting nodes

## Search
search-none = Nothing found for “{ $query }”.
search-count = { $shown } of { $total } { $total ->
        [one] product
       *[other] products
    }
search-product = product
search-title = title
search-provider = provider
search-area = area

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
verify-step-contract = both organisations signed the contract
verify-step-provider = the provider signed the window
verify-step-user = the user countersigned the window
verify-step-inclusion = the window is in the log
verify-step-checkpoint = the log's checkpoint is signed

## Getting data
get-done = { $file }: { $bytes }, { $rows } rows, digest matches
get-refused = the provider refused: { $reason }

## Errors: each names the place and the way out
error-port-taken = port { $port } on { $host } is taken: stop what listens there, or choose another with { $option }
error-no-folder = { $folder } is not a folder that can be read: { $reason }
error-no-data = { $folder } has no CSV or Parquet file that can be used: give a folder with at least one
error-file-empty = { $file } is empty: it needs a header line at least
error-file-encoding = { $file } is not text in { $encoding } at byte { $offset }: give --encoding, for instance --encoding gbk
error-file-ragged = { $file }, line { $line }: { $found } fields where the header has { $expected }
error-file-columns = { $file } has { $found } columns: at most { $limit } are allowed
error-file-header = { $file } has the column `{ $column }` twice: rename one
error-file-changed = { $file } has changed since it was catalogued: add it again with `{ $program } resource add`
error-digest = the digest of { $file } is not the catalogue's: ask the provider, and get it again
error-disk-full = { $path } could not be written: { $reason }
error-store-newer = the store { $path } is of version { $found }, this program knows { $known }: use a newer program
error-store-open = the store { $path } cannot be opened: { $reason }
error-clock = this machine's clock is { $difference } off that of { $node }: set the clock
error-config-missing = no configuration: run `{ $program } init`, or give --config FILE or WEIR_CONFIG
error-config-read = { $path } cannot be read: { $reason }
error-config-line = { $path }, line { $line }: { $reason }
error-token-missing = { $path } holds no token: it is written by `{ $program } init`, readable by its owner only
error-unauthorised = { $address } does not accept the token of { $path }
error-unreachable = { $address } does not answer ({ $reason }): is the node running? `{ $program } doctor` looks closer
error-timeout = { $address } did not answer within { $time }
error-identifier = `{ $id }` is no identifier: { $reason }
error-check-character = `{ $id }` ends in a wrong check character: one character is mistyped
error-not-found = { $address } knows no `{ $id }`
error-exists = { $path } is there already: give another place, or remove it first
error-receipt = { $file } is no receipt: { $reason }
error-trust = { $file } is no trust file: { $reason }
error-signature = the signature of { $signer } does not fit the message
error-limit = { $what } is { $found }: the limit is { $limit }
error-language = no language `{ $language }`: give en or zh
error-interrupted = interrupted; run the same command again to go on
error-other = { $reason }
failure-problem = { $title } ({ $code }, { $status }): { $detail }
