# 命令行的中文文本。各语言文件的键和变量一致，由测试比对。
# 数字按千位分组；标识、端口、年份以文本传入。

## 行首词
label-error = 错误：
label-warning = 警告：

## 演示：标题
demo-title = Weir 演示 · 数据：{ $files } 个文件，{ $rows } 行，{ $bytes }
demo-generated = 数据为生成数据（种子 { $seed }）：用 --data 目录 指定自己的文件。
demo-resumed = 恢复保存在 { $folder } 的网络。
demo-kept = 网络状态保存在 { $folder }；用 `{ $program } demo --keep { $folder }` 恢复。
demo-file-skipped = 略过 { $file }：{ $reason }

## 演示：步骤名称与结果
step-network = 网络
step-identity = 身份
step-catalogue = 编目
step-register = 登记
step-listed = 上架
step-visible = 可见
step-found = 检索
step-contract = 合约
step-delivered = 交付
step-refused = 拒绝
step-closed = 会签
step-proven = 验证
step-metering = 计量

demo-network = 全域节点 { $global } 个，区域节点 { $region } 个，行业节点 { $industry } 个，业务节点 { $service } 个，连接器宿主 { $hosts } 个
demo-identity = { $organisations } 家主体获得证书：{ $providerArea } 的提供方 { $providers } 家（{ $providerSuite }），{ $userArea } 的使用方 { $users } 家（{ $userSuite }）
demo-catalogue = { $resources } 项资源完成探查：{ $rows } 行，{ $most ->
       *[other] { $columns }
    } 列，{ $from } 至 { $to }，缺失 { $missing }
demo-catalogue-timeless = { $resources } 项资源完成探查：{ $rows } 行，{ $most ->
       *[other] { $columns }
    } 列，缺失 { $missing }
demo-register = { $products } 个产品，例如 { $example }
demo-listed = { $products } 个产品在 { $region } 的业务节点上架；使用方所在区域看到 { $seen } 个
demo-visible = { $places }（{ $products } 个中最慢者）
demo-visible-region = { $region } 经 { $time } 可见
demo-visible-global = 全域节点经 { $time } 可见
demo-visible-before = { $products } 个产品此前已在各处目录中：{ $places }
demo-visible-region-before = { $region }
demo-visible-global-before = 全域节点
demo-found = 在 { $region }：{ $results }
demo-found-one = “{ $query }”：{ $count } 个产品
demo-contract = { $contracts } 份合约：次数由 { $asked } 改为 { $agreed }，双方签署（{ $signatures } 个签名验证通过）
demo-each = 每份 { $time }
demo-delivered = { $files } 个文件，{ $bytes }，摘要一致
demo-delivered-before = { $files } 个文件，{ $bytes }，摘要一致；其中 { $there } 个此前已送达
demo-refused = 对{ $product }的第二次使用，理应如此：{ $reason }
demo-refused-count = 对{ $product }的第二次使用，理应如此：合约允许 { $limit } 次，已使用 { $actual } 次
demo-closed = { $windows } 个计量窗口由提供方签名、使用方会签
demo-proven = { $receipts } 份回执离线验证通过，文件与双方计量一致：{ $uses } 次使用，{ $rows } 行

## 演示：双方计量
metering-product = 产品
metering-uses = 次数
metering-rows = 行数
metering-bytes = 字节数
metering-provider-side = 提供方计量
metering-user-side = 使用方计量
metering-equal = 一致
metering-equal-yes = 是
metering-equal-no = 否
metering-total = 合计

## 演示：接下来
next-running = 网络正在运行。按 Ctrl-C 停止。
next-page = 打开 { $address }
next-try = 试试：
next-search = { $program } search { $word } --config { $config } --node user-3100
next-status = { $program } status --config { $config } --node region-3100
next-verify = { $program } verify { $folder } --trust { $trust }
next-stopping = 正在停止；已确认的内容都已保存。
next-stopping-for-good = 正在停止；网络及其数据将被删除。

## 耗时操作
progress-profiling = 探查 { $file }
progress-reading = 读取文件
progress-resuming = 从 { $bytes } 处续传
progress-verifying = 验证回执

## 检索
search-none = 没有找到“{ $query }”。
search-beyond = 共找到 { $total } 个产品，第 { $offset } 个之后没有了：请给出更小的 --offset
search-count = 共 { $total } 个产品，显示 { $shown } 个
search-product = 产品
search-title = 标题
search-provider = 提供方

## 回执验证
verify-all = { $receipts } 份回执验证通过
verify-some = { $receipts } 份回执中有 { $failed } 份未通过验证
verify-step-use = 该次使用在其窗口之中
verify-step-window = 窗口完好，并接续前一窗口
verify-step-provider = 提供方签署了窗口
verify-step-user = 使用方会签了窗口

## 获取数据
get-done = { $file }：{ $bytes }，{ $rows } 行，摘要一致

## 错误：说明位置与解决办法
error-no-folder = { $folder } 不是可读的目录：{ $reason }
error-no-data = { $folder } 中没有可用的 CSV 或 Parquet 文件：请指定至少含一个文件的目录
error-digest = { $file } 的摘要与目录不符：请询问提供方，并重新获取
error-disk-full = 无法写入 { $path }：磁盘已满，或当前用户的配额已用完。请腾出空间后重新运行同一条命令
error-not-permitted = 无法写入 { $path }：当前用户没有写权限。请换一个位置，或请其属主授权
error-read-only = 无法写入 { $path }：所在文件系统是只读的。请换一个位置
error-folder-missing = 无法写入 { $path }：所在目录不存在。请先创建该目录，或换一个位置
error-unwritable = 无法写入 { $path }：{ $reason }
error-config-missing = 没有配置：请运行 `{ $program } init`，或给出 --config 文件 或 WEIR_CONFIG
error-config-read = 无法读取 { $path }：{ $reason }
error-unauthorised = { $address } 不接受 { $path } 中的令牌
error-unreachable = { $address } 没有应答（{ $reason }）：节点在运行吗？可用 `{ $program } doctor` 检查
error-timeout = { $address } 在 { $time } 内没有应答
error-exists = { $path } 已存在：请换一个位置，或先将其移除
error-receipt = { $file } 不是回执：{ $reason }
error-trust = { $file } 不是信任文件：{ $reason }
error-other = { $reason }
failure-problem = { $title }（{ $code }，{ $status }）：{ $detail }

## commands
list-empty = 暂无。
org-registered = { $name }（{ $subject }）已登记。注册码一次有效，{ $expires } 到期，由加入方提供。
contract-awaits = 轮到本方：accept（同意）、counter（另提）、sign（签署）或 reject（拒绝）。
resource-refused = 略过 { $file }：{ $reason }
resource-left-out = 略过：{ $reason }
contract-round = 第 { $number } 轮 { $by }：{ $terms }
contract-ended = 合约 { $contract } 已以状态 { $state } 终结：不会到达 { $wanted }
contract-not-yet = 合约 { $contract } 处于状态 { $state }，尚未到达 { $wanted }：请延长等待，或查看 `{ $program } contract show { $contract }`
terms-count = 至多 { $count } 次
terms-span = { $from } 至 { $to }
terms-fields = 字段 { $values }
terms-regions = 区域 { $values }
terms-users = 使用方 { $values }
terms-needed = 没有条款：请说明要改什么，例如 --count 1
terms-file = { $path } 中没有条款：{ $reason }；应为 JSON 对象，如 `{ $program } product show --json` 的 `offer`
terms-time = `{ $value }`（{ $flag }）不是时间：请用 2026-01-31 或 2026-01-31T08:00:00+08:00
terms-user = `{ $value }`（--user）不是统一社会信用代码：请给出 18 位数字和大写字母，不含 I、O、S、V、Z
terms-user-check = `{ $value }`（--user）的校验码不对，计算得 `{ $computed }`：请与营业执照核对

## Headings of tables
head-address = 地址
head-area = 区域
head-bytes = 大小
head-columns = 列
head-connector = 连接器
head-contract = 合约
head-description = 说明
head-industry = 行业
head-key = 本地键
head-keywords = 关键词
head-kind = 类型
head-name = 名称
head-node = 节点
head-offer = 要约
head-product = 产品
head-provider = 提供方
head-reason = 原因
head-resource = 资源
head-role = 角色
head-rows = 行
head-runs = 运行
head-service-node = 业务节点
head-state = 状态
head-subject = 主体
head-terms = 条款
head-time-range = 时间范围
head-title = 标题
head-user = 使用方
head-encoding = 编码
head-problem = 问题
head-negotiation = 协商
head-suite = 套件
head-certified-until = 证书有效期至
head-window-bytes = 窗口：字节数
head-window-rows = 窗口：行数
head-window-uses = 窗口：次数
head-version = 版本
head-time = 时间
head-store = 存储
head-store-at = 存储位置
head-organisations = 主体数
head-connectors = 连接器数
head-products = 产品数
head-contracts = 合约数
head-open-uses = 进行中的使用
head-messages-waiting = 待发消息
head-messages-dead = 放弃的消息
head-log = 本节点日志
head-entries = 条目
head-waiting = 待编号
head-checkpoint-size = 检查点大小
head-checkpoint-root = 根
head-grown-at = 最近条目
head-upstream = 上级节点
head-followed = 跟随的日志
head-source = 跟随的节点
head-last-heard = 最近收到
head-silent-ms = 距今毫秒
head-follower = 跟随者
head-since = 自
head-sent = 已发送
head-lacking = 尚缺
head-dead-letter = 放弃
head-message = 消息
head-recipient = 收件方
head-attempts = 尝试

## States
state-initiated = 发起
state-negotiating = 协商
state-signing = 签订
state-signed = 签订成功
state-not-signed = 签订失败
state-in-force = 履行中
state-ended = 终止
state-draft = 草稿
state-catalogued = 已编目
state-revoked = 已撤销
state-registered = 已登记
state-certified = 已认证
state-deregistered = 已注销
state-listed = 已上架
state-delisted = 已下架
state-withdrawn = 已撤回

## Configuration
config-missing = 没有 { $path }：请运行 `{ $program } init`，或用 --config 指定其他文件
config-unreadable = 无法读取 { $path }：{ $reason }
config-too-large = { $path } 超过 { $limit } 字节：不是配置文件
config-no-node = { $path } 中没有 [[node]]：可用 `{ $program } init --add` 写入
config-syntax = { $path } 第 { $line } 行：无法读取 `{ $key }`：{ $reason }
config-unknown-key = { $path } 第 { $line } 行：不认识的键 `{ $key }`{ $nearest ->
        [none] 。
       *[other] ；是否想写 `{ $nearest }`？
    } 已知的键：{ $known }
config-unknown-word = { $path } 第 { $line } 行：`{ $key }` 不能是 `{ $value }`{ $nearest ->
        [none] 。
       *[other] ；是否想写 `{ $nearest }`？
    } 可用：{ $known }
config-missing-key = { $path } 第 { $line } 行：该 [[node]] 缺少 `{ $key }`
config-empty = { $path } 第 { $line } 行：`{ $key }` 为空：请给出 1 至 { $limit } 个字符
config-too-long = { $path } 第 { $line } 行：`{ $key }` 超过 { $limit } 个字符
config-listen = { $path } 第 { $line } 行：`{ $key }` 不能是 `{ $value }`：应为地址与端口，如 "127.0.0.1:18080"
config-plain = { $path } 第 { $line } 行：`{ $key }` 为 `{ $value }`：明文 HTTP 仅限本机；请监听 127.0.0.1，或在 [node.tls] 中给出证书
config-address = { $path } 第 { $line } 行：`{ $key }` 不能是 `{ $value }`：应为 { $scheme }://主机:端口，不含路径
config-store = { $path } 第 { $line } 行：`{ $key }` 不是存储：应为 "sqlite:<文件>" 或 "postgres://用户@主机/库"
config-store-password = { $path } 第 { $line } 行：`{ $key }` 含有口令：请将其移除，改由 { $variable } 或 store_password_file 提供
config-password-file = 无法读取 { $path } 中的存储口令：{ $reason }
config-not-for-role = { $path } 第 { $line } 行：{ $role } 节点没有 `{ $key }`：请删除该行
config-needed-for-role = { $path } 第 { $line } 行：{ $role } 节点需要 `{ $key }`
config-twice = { $path } 第 { $line } 行：`{ $key }` 为 `{ $value }`，与前面的节点相同：各节点须不同
config-several-nodes = { $path } 有多个节点：请用 --node 选择（{ $names }）
config-unknown-node = { $path } 中没有节点 `{ $name }`{ $nearest ->
        [none] 。
       *[other] ；是否想写 `{ $nearest }`？
    } 现有：{ $names }
private-open = { $node } 未启动：本机其他用户可以读取其机密文件。请运行 `chmod 600 { $files }`，并更换可能已被读取的内容
token-missing = { $path } 处没有令牌（{ $reason }）：由 `{ $program } init` 写入
token-unreadable = 无法读取令牌 { $path }（{ $reason }）：仅属主可读，请以该用户运行
token-empty = 令牌 { $path } 为空：请将其移除，由 `{ $program } init` 重新写入

## A command line that cannot be used
usage-command = 没有命令 `{ $value }`
usage-command-near = 没有命令 `{ $value }`；是否想用 `{ $nearest }`？
usage-argument = 多余的 `{ $value }`
usage-argument-near = 多余的 `{ $value }`；是否想用 `{ $nearest }`？
usage-missing = 缺少：{ $value }
usage-value = `{ $argument }` 不能是 `{ $value }`：可用 { $known }
usage-value-near = `{ $argument }` 不能是 `{ $value }`；是否想用 `{ $nearest }`？可用 { $known }
usage-value-number = `{ $argument }` 不能是 `{ $value }`：请给出整数
usage-value-reason = `{ $argument }` 不能是 `{ $value }`：{ $reason }
usage-subcommand = `{ $command }` 需要下列命令之一：{ $known }
usage-conflict = `{ $argument }` 不能与 `{ $value }` 同用
usage-help = `{ $command } --help` 显示可用的写法。

## init
init-exists = { $path } 已存在：请换一个 --dir，或用 --add 把节点加进去
init-needs-subject = 全域节点需要 { $flag }：其运营者的统一社会信用代码，例如 --subject 12100000400000000W
init-needs-area = 全域节点需要 { $flag }：其运营者所在区域的代码，例如 --area 1100
init-not-for-role = 角色为 { $role } 的节点不接受 { $flag }：请去掉
init-connectors-join = 连接器主机不用 { $flag }：请去掉后建立，再由各主体用 `{ $program } connector join CODE` 加入
init-plain = --listen { $value } 会把明文 HTTP 暴露到本机之外：请选用 127.0.0.1 的端口；待 weir.toml 的 [node.tls] 给出证书后再监听其他地址
init-name-empty = --name 为空：请给出他方看到的名称
init-name-too-long = --name 超过 { $limit } 个字符：请给出较短的名称
init-address = --address { $value } 不是基础地址：应为不带路径的 { $scheme }://主机:端口，也可省略
init-store = --store 不是存储：应为 sqlite:文件 或 postgres://用户@主机/库，也可省略
init-store-password = --store 中含有密码：请去掉，改在节点启动时由 { $variable } 给出
init-twice = { $path } 中已有节点使用这个 { $key }（{ $value }）：请换一个
init-config = 配置  { $path }
init-folder = 目录  { $folder }（密钥、令牌、存储）
init-next = 接下来：查看 { $path }，然后运行 `{ $program } serve --config { $path }`
init-next-code = 接下来：把上级节点给的注册码写入 { $path }（code = …），然后运行 `{ $program } serve --config { $path }`

## What goes wrong between a command and its node
client-not-running = { $address } 无人监听：请用 `{ $program } serve` 启动节点，或查看 `{ $program } doctor`（{ $reason }）
client-broken = 与 { $address } 的连接中断：{ $reason }
client-unreadable = { $address } 有应答，但不是本版本的节点（{ $reason }）：那里是否运行着其他程序？
client-header = 应答缺少头 `{ $header }`：节点版本不同
failure-status = 节点只返回了状态 { $status }
failure-as = 请用 --as 指定行事的连接器（`{ $program } connector list` 可列出）：{ $reason }
failure-source-changed = 数据源在编目之后有变动：须由提供方恢复，或重新登记
error-output = 无法写出结果：{ $reason }

## get
get-exists = { $path } 已存在：用 -o 指定其他名称，或用 --force 覆盖
get-busy = { $path } 正由另一个下载写入
get-state = 无法据 { $path } 继续（{ $reason }）：请将其移除，使用将重新开始
get-other-part = { $path } 属于合约 { $contract } 的使用 { $use }：请完成该下载，或移除文件
get-changed = 节点对使用 { $use } 的描述与下载开始时不同：数据源已变动，请询问提供方
get-too-long = 收到的超过所称的 { $bytes } 字节：不作为数据保留
get-interrupted = 在 { $written } 后中断（{ $reason }）：再次运行同一命令，即在使用 { $use } 下继续
get-not-resumed = 节点无法从中断处继续，而标准输出无法收回：请用 -o 文件
get-receipt-later = 回执尚未就绪；稍后获取：{ $program } get { $contract } --use { $use } --receipt-only
get-receipt-not-yet = 使用 { $use } 的窗口尚未关闭并会签：请稍后再试

## verify
verify-no-trust = 没有信任锚：用 --trust trust.pem 指定网络的根证书，或给出节点已加入的配置
verify-none = { $folder } 中没有回执（*.receipt.json 或任何 *.json）
verify-line = { $step }：{ $detail }
verify-part-use = 使用
verify-part-data = 数据
verify-part-window = 窗口
verify-part-contract = 合约
verify-part-signature = 签名
verify-part-log = 日志
verify-part-checkpoint = 检查点
verify-step-same-contract = 窗口据本合约关闭
verify-step-provider-contract = 提供方主体签署了合约
verify-step-user-contract = 使用方主体签署了合约
verify-step-provider-inclusion = 窗口在提供方日志之中
verify-step-user-inclusion = 会签在使用方日志之中
verify-step-provider-checkpoint = 提供方日志签署了检查点
verify-step-user-checkpoint = 使用方日志签署了检查点
verify-figures-use = { $use }，第 { $sequence } 次，{ $bytes }，{ $rows } 行，{ $at } 关闭
verify-figures-use-incomplete = { $use }，第 { $sequence } 次，未完成：{ $bytes }，{ $rows } 行，{ $at } 关闭
verify-figures-window = 第 { $number } 个，使用 { $first } 至 { $last }（{ $uses } 次），{ $bytes }，{ $rows } 行
verify-figures-contract = { $contract }，{ $provider } 提供给 { $user }
verify-figures-signature = { $organisation }（{ $signer }），{ $suite }，{ $at }
verify-figures-inclusion = { $origin } 的第 { $index } 条，共 { $size } 条
verify-figures-checkpoint = { $origin }，{ $size } 条，根 { $root }…
verify-figures-checkpoint-sm2 = { $origin }，{ $size } 条，根 { $root }…，含 SM2
verify-data-same = 回执旁的 { $file } 与交付内容一致：{ $bytes }，SHA-256 相同
verify-data-missing = 回执旁没有 { $file }，因此只核验了回执
verify-data-unproven = 回执旁有 { $file }，但该次使用未完成，没有可供比对的摘要
verify-data-other-length = 回执旁的 { $file } 不是交付的内容：它有 { $bytes } 字节，交付的是 { $expected } 字节
verify-data-other-digest = 回执旁的 { $file } 不是交付的内容：它的 SHA-256 为 { $digest }…，交付的为 { $expected }…
verify-data-unreadable = 无法读取回执旁的 { $file }：{ $reason }
verify-fault-differs = `{ $field }` 为 `{ $actual }`，而据回执其余部分应为 `{ $expected }`
verify-fault-unreadable = 无法读取：{ $reason }
verify-fault-not-included = 路径不通向 { $size } 条的根
verify-fault-untrusted = 签名者的证书不受信任：{ $reason }
verify-fault-signature = 签名不符：{ $reason }
verify-fault-not-logged = 日志中的条目是另一个对象
verify-fault-unsigned = 检查点下没有 { $origin } 的签名
verify-fault-forged = 检查点在 { $origin } 签署之后被改动
verify-fault-future = 签署于 { $signed }，晚于 { $now }：有时钟不准
verify-fault-not-checked = 未检查，因为先前一步无法读取：{ $because }

## doctor
doctor-config = 配置
doctor-folder = 目录
doctor-token = 令牌
doctor-trust = 信任锚
doctor-clock = 时钟
doctor-port = 端口
doctor-node = 节点
doctor-store = 存储
doctor-disk = 磁盘
doctor-keys = 密钥
doctor-certificates = 证书
doctor-clock-above = 上级时钟
doctor-feed = 信息流
doctor-logs = 日志
doctor-outbox = 待发消息
doctor-windows = 窗口
doctor-sources = 数据源
doctor-config-read = { $path }，节点 { $name }
doctor-folder-writable = { $folder } 可写
doctor-folder-not = { $folder } 不可写（{ $reason }）：请运行 `{ $program } init`，或把目录交给本用户
doctor-token-closed = { $path } 仅属主可读
doctor-token-open = { $path } 对其他用户开放：请 chmod 600 { $path }，并视其为已泄露
doctor-trust-good = { $path } 含锚定的根证书
doctor-trust-missing = 尚无 { $path }：节点加入后写入
doctor-clock-plausible = { $now }，节点没有更新的文件
doctor-clock-back = 节点最新的文件在 { $difference } 之后：时钟倒退了，请校准
doctor-port-free = { $address } 无人监听：节点未运行；用 `{ $program } serve` 启动
doctor-port-node = 节点 { $id }（版本 { $version }）监听 { $address }
doctor-port-taken = { $address } 被 { $by } 占用：请停止它，或修改 `listen`
doctor-port-taken-unknown = { $address } 被其他程序占用：请停止它，或修改 `listen`
doctor-port-unusable = 无法监听 { $address }：{ $reason }
doctor-said-not-made = 无法检查（{ $reason }）：请先查看“存储”一项
doctor-said-store-writes = { $location } 可写入
doctor-said-store-broken = { $location } 无法写入（{ $reason }）：请检查磁盘空间、磁盘状态和存储目录的权限，或数据库服务器
doctor-said-disk-free = { $folder } 剩余 { $freeMiB } MiB
doctor-said-disk-little = { $folder } 仅剩 { $freeMiB } MiB：请腾出空间，日志和存储只增不减
doctor-said-disk-unknown = 本系统不提供剩余空间信息：未检查
doctor-said-keys-closed = { $folder } 仅属主可访问
doctor-said-keys-open = 其他用户可读取 { $files }：请对目录 chmod 700、对文件 chmod 600；他人可读过的密钥应视为已泄露
doctor-said-certificates-none = 本节点尚无已加入的成员：请用注册码加入
doctor-said-certificates-hold = 最先到期的是 { $id } 的证书，于 { $end } 到期，还有 { $days } 天
doctor-said-certificates-end-soon = { $id } 的证书将于 { $end } 到期，还有 { $days } 天：请向功能节点运营方申请新的注册码并重新加入
doctor-said-certificates-ended = { $id } 的证书已于 { $end } 到期：请向功能节点运营方申请新的注册码并重新加入
doctor-said-clock-unknown = { $upstream } 未返回时间（{ $reason }）：请检查上级节点是否在运行、从本机能否访问
doctor-said-clock-ahead = 比 { $upstream } 快 { $offMs } 毫秒；消息允许的偏差为 { $limitMs } 毫秒
doctor-said-clock-behind = 比 { $upstream } 慢 { $offMs } 毫秒；消息允许的偏差为 { $limitMs } 毫秒
doctor-said-clock-ahead-far = 比 { $upstream } 快 { $offMs } 毫秒；消息允许的偏差为 { $limitMs } 毫秒：请校准本机时钟，最好使用时间同步服务
doctor-said-clock-behind-far = 比 { $upstream } 慢 { $offMs } 毫秒；消息允许的偏差为 { $limitMs } 毫秒：请校准本机时钟，最好使用时间同步服务
doctor-said-feed-nothing = 尚未从 { $upstream } 收到 { $origin } 的任何内容：请检查上级节点是否在运行、从本机能否访问
doctor-said-feed-held = 已有 { $upstream } 的 { $entries } 条记录，最后一条于 { $last }
doctor-said-feed-damaged = 已有 { $upstream } 的 { $entries } 条记录，但其检查点只覆盖 { $signedEntries } 条：存储已损坏，请恢复，或删除后重新同步
doctor-said-logs-go-on = 所跟随的 { $count } 个日志均正常延续
doctor-said-logs-stopped = { $count } 个日志中有 { $stopped } 个无法延续，例如 { $whose } 的日志（{ $reason }）：请告知该节点的运营方；在其日志恢复原状之前，本节点不采信其新内容
doctor-said-outbox-sends = 待发 { $waiting } 条，已放弃 { $dead } 条
doctor-said-outbox-given-up = 待发 { $waiting } 条，已放弃 { $dead } 条，例如发往 { $to } 的 { $message }（{ $reason }）：请排除原因，再重做引发该消息的操作
doctor-said-outbox-stuck = 待发 { $waiting } 条，已放弃 { $dead } 条；下一条已逾期 { $overdueSecs } 秒：请重启节点；若再次出现，请报告
doctor-said-windows-wait = { $count } 个窗口等待对方会签
doctor-said-windows-late = { $contract } 的第 { $number } 个窗口自 { $since } 起等待会签：请检查使用方连接器是否在运行；缺少其会签，新的使用将停止
doctor-said-windows-refused = 使用方拒绝了 { $count } 个窗口，例如 { $contract } 的第 { $number } 个：请核对双方对该合约的使用记录；拒绝理由指出了第一处不同
doctor-said-sources-unchanged = { $count ->
    [0] 没有已编目的文件
   *[other] { $count } 个文件与编目时一致
 }
doctor-said-sources-touched = { $count } 个文件中有 { $number } 个在编目后被改动：{ $files }：请恢复，或用 `{ $program } resource add` 重新编目
doctor-said-sources-missing = { $count } 个文件中有 { $number } 个无法读取：{ $files }：请恢复，或用 `{ $program } resource add` 重新编目

## Help
help-heading-usage = 用法：
help-heading-commands = 命令
help-heading-arguments = 参数
help-heading-options = 选项
help-any--help = 显示本帮助
help-any--version = 显示版本
help-weir = Weir（堰）：数据一次发布、处处可寻，按约交付，事后可证
help-weir-more = 结果写到标准输出，其余写到标准错误。
    退出码：0 完成，1 失败，2 用法，3 不可达，4 未授权，
    5 不存在，6 被拒绝，7 验证不通过，8 输入文件有误。

    示例：
    {"  "}weir demo --once
    {"  "}weir search 臭氧
    {"  "}weir contract list --json
help--config = 配置文件
help--node = 节点名（配置中有多个节点时）
help--as = 以哪个连接器行事（节点承载多个时）
help--json = 以 JSON 输出结果，一个文档
help--lang = 语言：en 或 zh（默认随终端）
help-init = 新建节点：配置、目录、令牌、密钥与存储
help-init-more = 示例：
    {"  "}weir init --role global --name root --listen 127.0.0.1:18080 --subject 91110000100000000R --area 1100
    {"  "}weir init --role region --name beijing --listen 127.0.0.1:18081 --code weir1.eyJ…
    {"  "}weir init --role connector --name hosts --listen 127.0.0.1:18083 --dir /srv/weir --add
help-init--role = 节点的角色
help-init--name = 他方看到的名称
help-init--listen = 监听地址
help-init--address = 他方访问本节点的基础地址（默认同监听地址）
help-init--suite = 节点密钥的套件
help-init--code = 上级节点给的注册码（区域、行业、业务节点）
help-init--subject = 运营者的统一社会信用代码（全域节点）
help-init--area = 节点的区域代码（全域节点）
help-init--dir = 在何处建立 weir.toml 与节点目录
help-init--store = 存储：sqlite:<文件> 或 postgres://用户@主机/库（默认为目录中的 SQLite）
help-init--add = 把节点加入已有的 weir.toml
help-serve = 运行配置中的节点，直到 Ctrl-C
help-serve-more = 示例：
    {"  "}weir serve --config /srv/weir/weir.toml
    {"  "}weir serve --node beijing
help-org = 本节点登记的主体
help-org-more = 示例：
    {"  "}weir org register 91110000100000000R --name 奥体中心监测站
    {"  "}weir org list
help-org-register = 登记主体，并输出其注册码
help-org-register-more = 示例：
    {"  "}weir org register 91110000100000000R --name 奥体中心监测站
    {"  "}weir org register 913100001000000007 --name 上海 --runs region --area 3100
help-org-register--subject = 统一社会信用代码，18 位
help-org-register--name = 主体名称
help-org-register--runs = 主体将运行什么
help-org-register--area = 区域或行业节点的代码
help-org-list = 列出已登记的主体
help-org-list-more = 示例：
    {"  "}weir org list --json
help-connector = 本节点承载的连接器
help-connector-more = 示例：
    {"  "}weir connector join weir1.eyJ… --name 奥体中心监测站
    {"  "}weir connector list
help-connector-join = 用注册码为主体接入连接器
help-connector-join-more = 示例：
    {"  "}weir connector join weir1.eyJ… --name 奥体中心监测站
help-connector-join--code = 区域节点给的注册码
help-connector-join--name = 连接器名称（默认为主体名称）
help-connector-list = 列出连接器
help-connector-list-more = 示例：
    {"  "}weir connector list --json
help-resource = 提供方编目的文件
help-resource-more = 示例：
    {"  "}weir resource add air.csv --title 逐时空气质量
    {"  "}weir resource list
help-resource-add = 探查文件、编目，并向区域节点登记
help-resource-add-more = 示例：
    {"  "}weir resource add air.csv --title 逐时空气质量 --keyword 臭氧,PM2.5
    {"  "}weir resource add old.csv --encoding gbk
    {"  "}weir resource add stations/
help-resource-add--paths = 节点所在机器上的 CSV 或 Parquet 文件，或其目录
help-resource-add--encoding = 文本编码，在识别有误时给出（如 gbk）
help-resource-list = 列出资源
help-resource-list-more = 示例：
    {"  "}weir resource list --as 5…
help-any--title = 标题，两种语言相同
help-any--title-zh = 中文标题
help-any--title-en = 英文标题
help-any--description = 说明，两种语言相同
help-any--description-zh = 中文说明
help-any--description-en = 英文说明
help-any--keyword = 关键词，以逗号分隔或重复给出
help-any--terms = 含全部条款的 JSON 文件
help-any--action = 可对数据做什么，如 read
help-any--count = 使用次数
help-any--from = 起始时间：2026-01-31（UTC+8）或 RFC 3339
help-any--to = 截止时间；日期含当日
help-any--field = 仅限这些列
help-any--region = 仅限这些区域的使用方
help-any--user = 仅限这些主体
help-any--reason = 原因，对方可见
help-product = 提供方的产品及其上架
help-product-more = 示例：
    {"  "}weir product register 7… --count 2 --to 2026-12-31
    {"  "}weir product list 6…
    {"  "}weir product list
help-product-register = 把资源登记为产品
help-product-register-more = 示例：
    {"  "}weir product register 7… --count 2 --to 2026-12-31 --industry 0077
    {"  "}weir product register 7… --field PM2.5,O3 --negotiation manual
help-product-register--resource = 资源标识
help-product-register--industry = 行业代码，如 0077
help-product-register--negotiation = 由节点自动答复提议，或由人工答复
help-product-list = 不给产品：列出自己的产品；给出产品：在业务节点上架
help-product-list-more = 示例：
    {"  "}weir product list
    {"  "}weir product list 6… --on 4…
help-product-list--product = 要上架的产品
help-product-list--on = 业务节点（已知多个时）
help-product-show = 查看产品
help-product-show-more = 示例：
    {"  "}weir product show 6… --json
help-product-show--product = 产品标识
help-product-delist = 从业务节点下架
help-product-delist-more = 示例：
    {"  "}weir product delist 6… --reason 换新版
help-product-delist--product = 产品标识
help-product-delist--on = 业务节点（在多处上架时）
help-product-withdraw = 撤回产品；履行中的合约继续
help-product-withdraw-more = 示例：
    {"  "}weir product withdraw 6… --reason 数据源停用
help-product-withdraw--product = 产品标识
help-search = 在全网检索产品
help-search-more = 示例：
    {"  "}weir search 臭氧
    {"  "}weir search 奥体中心 臭氧 --limit 5
help-search--words = 检索词，中文或英文
help-search--limit = 至多多少条
help-search--offset = 从第几条开始
help-contract = 合约，使用方与提供方两侧
help-contract-more = 示例：
    {"  "}weir contract propose 6… --count 1 --sign on-agreement --wait 30
    {"  "}weir contract list
help-contract-propose = 提议合约：以要约条款为准，按选项修改
help-contract-propose-more = 示例：
    {"  "}weir contract propose 6… --count 1
    {"  "}weir contract propose 6… --sign on-agreement --wait 30
help-contract-propose--product = 产品标识
help-contract-propose--name = 合约名称
help-contract-propose--sign = 手工签署，或在对方同意这些条款时立即签署
help-contract-propose--wait = 等待多少秒直到生效
help-contract-list = 列出合约
help-contract-list-more = 示例：
    {"  "}weir contract list --json
help-contract-show = 查看合约及各轮协商
help-contract-show-more = 示例：
    {"  "}weir contract show C…
help-contract-show--contract = 合约标识码或本地键
help-contract-counter--contract = 合约标识码或本地键
help-contract-accept--contract = 合约标识码或本地键
help-contract-sign--contract = 合约标识码或本地键
help-contract-wait--contract = 合约标识码或本地键
help-contract-reject--contract = 合约标识码或本地键
help-contract-terminate--contract = 合约标识码或本地键
help-contract-counter = 以其他条款答复：以最后一轮为准，按选项修改
help-contract-counter-more = 示例：
    {"  "}weir contract counter C… --count 1
help-contract-accept = 同意对方最后的条款
help-contract-accept-more = 示例：
    {"  "}weir contract accept C…
help-contract-sign = 签署已同意的条款
help-contract-sign-more = 示例：
    {"  "}weir contract sign C… --wait 30
help-contract-sign--wait = 等待多少秒直到生效
help-contract-wait = 等待合约到达某状态
help-contract-wait-more = 示例：
    {"  "}weir contract wait C… --timeout 60
help-contract-wait--state = 状态代码（05：履行中）
help-contract-wait--timeout = 至多多少秒
help-contract-reject = 结束协商
help-contract-reject-more = 示例：
    {"  "}weir contract reject C… --reason 次数过多
help-contract-terminate = 终止履行中的合约；已用的仍算已用
help-contract-terminate-more = 示例：
    {"  "}weir contract terminate C… --reason 项目结束
help-get = 下载合约的数据及回执；中断后可续传
help-get-more = 示例：
    {"  "}weir get C…
    {"  "}weir get C… -o air.csv
    {"  "}weir get C… -o - | duckdb -c "from read_csv('/dev/stdin')"
help-get--contract = 合约标识码或本地键
help-get--output = 文件；- 为标准输出（默认以合约命名）
help-get--use = 在哪次使用下继续（默认为被中断的那次，或新的一次）
help-get--force = 覆盖文件
help-get--receipt-only = 只取先前某次使用的回执，不取数据
help-verify = 离线验证回执，以及旁边的数据文件
help-verify-more = 示例：
    {"  "}weir verify air.csv.receipt.json --trust trust.pem
    {"  "}weir verify receipts/ --json
help-verify--paths = 回执，或其目录
help-verify--trust = 网络的根证书（默认为所配置节点的）
help-usage = 用量：本方计量与已会签的窗口
help-usage-more = 示例：
    {"  "}weir usage
    {"  "}weir usage --json
help-nodes = 本节点所知的网络节点
help-nodes-more = 示例：
    {"  "}weir nodes
help-status = 节点的自述
help-status-more = 示例：
    {"  "}weir status
    {"  "}weir status --node beijing --json
help-doctor = 查找问题，并说明如何处理
help-doctor-more = 示例：
    {"  "}weir doctor
    {"  "}weir doctor --config /srv/weir/weir.toml
help-demo = 在本机运行一个完整网络，并走一遍主流程
help-demo-more = 示例：
    {"  "}weir demo
    {"  "}weir demo --data stations/ --once
    {"  "}weir demo --keep /tmp/weir-demo --lang zh
help-demo--data = CSV 与 Parquet 文件的目录，每个文件一家提供方（默认为生成数据）
help-demo--once = 走完即结束
help-demo--keep = 在此保存网络状态，并可恢复
help-demo--seed = 生成数据的种子
help-demo--port = 页面端口；0 为任一空闲端口
help-completions = 输出 shell 补全脚本
help-completions-more = 示例：
    {"  "}weir completions bash > ~/.local/share/bash-completion/completions/weir
    {"  "}weir completions zsh > ~/.zfunc/_weir
help-completions--shell = shell 名称

## The network that runs
serve-log = { $variable } 不能是 `{ $value }`（{ $reason }）：请给出级别，如 info，或分部分给出，如 warn,app::feed=debug
serve-running = { $node } 正在运行：{ $address }
list-comma = ，
demo-semicolon = ；
metering-cell = { $uses } 次，{ $rows } 行，{ $bytes }
node-failed = { $node }：{ $reason }
store-failed = { $reason }
tls-failed = 无法配置 TLS：{ $reason }
index-failed = 无法打开检索索引：{ $reason }。请删除其目录，系统会从库中重建。
file-unreadable = 无法读取 { $path }：{ $reason }
code-missing = { $node } 尚未接入：请把注册码写入 weir.toml，形如 `code = "weir1.…"`
node-unknown = 本演示中没有节点 { $node }。
demo-folder-unreadable = 无法读取 { $path }：{ $reason }
demo-folder-empty = { $folder } 中没有数据：至少需要一个以 .csv、.tsv 或 .parquet 结尾的文件
demo-folder-many = 目录中有 { $found } 个文件；一次演示最多启动 { $limit } 个提供方
demo-generate-failed = 无法在 { $folder } 中生成数据
demo-state-unreadable = { $path } 不是演示的状态文件：请为 --keep 另选目录
demo-port-taken = 无法使用 127.0.0.1 的端口 { $port }（{ $reason }）：请停止占用它的程序，或用 --port 另选端口
demo-not-found = 检索“{ $query }”没有得到应有的结果
demo-not-refused = { $product } 的第二次使用未被拒绝，或被计入次数，而合约只允许一次
demo-nothing-left = 没有可用的文件
demo-contract-ended = 合约在签署前终止：{ $reason }
demo-digest-differs = { $file } 与目录所述不符：长度或摘要不同
demo-waited-feed = 等待其他节点获知消息超过 { $time }
demo-waited-nodes = 等待所有节点被获知超过 { $time }
demo-waited-window = 等待双方的计量窗口一致超过 { $time }
demo-waited-receipt = 等待回执超过 { $time }
demo-waited-contract = 等待合约生效超过 { $time }
demo-receipt-fails = { $file } 不成立：{ $reason }
demo-meters-differ = 双方计量不一致
demo-failed-at = 演示在“{ $step }”一步失败
demo-nothing-usable = { $folder } 中没有可用的文件
demo-not-certified = { $region } 已为 { $expected } 家主体中的 { $found } 家颁发证书
demo-not-registered = { $file } 未能登记：{ $reason }
demo-not-in-catalogue = { $node } 的目录中有 { $expected } 个产品中的 { $found } 个
demo-rounds-differ = 合约 { $contract }：双方保存的内容与协商经过不符
demo-signature-fails = 合约 { $contract }：签名不成立：{ $reason }
demo-windows-differ = 合约 { $contract }：计量窗口未经双方签名
demo-receipt-other = { $receipt } 所述的不是 { $file } 这次交付

## 演示中不可用的文件
bad-file-empty = 文件为空；至少需要一行列名
bad-file-text = 第 { $line } 行既不是 UTF-8，也不是中文编码（第 { $offset } 字节）：请另存为 UTF-8，或带字节顺序标记（BOM）的 UTF-16
bad-file-encoding = 第 { $line } 行不符合编码 { $encoding }（第 { $offset } 字节）：请修正该行，或另存为 UTF-8
bad-file-ragged = 第 { $line } 行有 { $found } 个字段，表头有 { $expected } 个：请修正该行，或为含分隔符的字段加引号
bad-file-row = 第 { $line } 行超过 { $limit } 字节：请闭合该行中的引号
bad-file-quote = 文件在引号内的字段中结束：请闭合第 { $line } 行开始的引号
bad-file-columns = 有 { $found } 列，上限为 { $limit } 列：请拆分文件，或将列转为行
bad-file-header = 第 { $first } 列与第 { $second } 列都名为“{ $name }”：请改名
bad-file-nameless = 第 { $column } 列没有名称：请为其命名
bad-file-long-name = 第 { $column } 列的名称有 { $found } 个字符，上限为 { $limit } 个：请缩短
bad-file-changing = 读取时文件有变动：请等文件写完
bad-file-parquet = 不是完整的 Parquet 文件（{ $reason }）：请从来源重新复制
bad-file-unreadable = 无法读取：{ $reason }
bad-file-defect = 读取失败（{ $reason }）：这是 Weir 的缺陷，请报告；若可公开，请附上该文件
bad-file-link = 链接指向的文件不存在：请修复或删除该链接
bad-file-folder = 这是目录：请将其中的文件与其他文件放在一起，或改名
bad-file-special = 这是管道、套接字或设备：请提供普通文件
bad-file-name = 文件名不是 UTF-8：请改名
demo-interrupted = 已中断；已确认的内容均已保存：再次运行同一命令即可恢复
demo-interrupted-for-good = 已中断；不保留任何内容
error-signal = 无法监听本进程的信号

## Refused uses
refusal-count = 合约允许 { $limit } 次，已使用 { $actual } 次（次数）；请另行订立合约
refusal-time = 合约的时间界限为 { $limit }，请求时间为 { $actual }（时间）
refusal-fields = 合约未授权 { $actual }，已授权的字段为 { $limit }（字段）
refusal-region = 合约适用于 { $limit }，而使用方在 { $actual }（地域）
refusal-user = 合约不适用于 { $actual }（使用方）{ $limit }
init-root-refused = 无法据此 { $flag } 建立全域节点：{ $reason }
demo-kept-port-taken = 无法使用所保存演示的端口 { $port }（{ $reason }）：请停止占用它的程序；也许同一演示仍在运行
demo-other-data = 所保存的演示使用 { $kept }，而不是 { $wanted }：请去掉 --data，或为 --keep 另选目录
