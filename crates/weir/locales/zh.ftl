# 命令行的中文文本。各语言文件的键和变量一致，由测试比对。
# 数字按千位分组；标识、端口、年份以文本传入。

## 行首词
label-error = 错误：
label-warning = 警告：

## 演示：标题
demo-title = Weir 演示 · 数据：{ $files } 个文件，{ $rows } 行，{ $bytes }
demo-generated = 数据为生成数据（种子 { $seed }）：用 --data 目录 指定自己的文件。
demo-resumed = 恢复保存在 { $folder } 的网络。
demo-foreign-folder = { $folder } 不是演示所用的目录，其中有 { $name }：请用 --keep 指定空目录，或演示保留过的目录
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

demo-network = 全域节点 { $global } 个，区域节点 { $region } 个，行业节点 { $industry } 个，业务节点 { $service } 个，连接器主机 { $hosts } 个
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
error-path-not-text = 路径 { $path } 不是 UTF-8，无法提交给节点：请改名
error-path-control = 文件名 { $path } 含有控制字符：请改名
error-unreachable = { $address } 没有应答（{ $reason }）：节点在运行吗？可用 `{ $program } doctor` 检查
error-timeout = { $address } 在 { $time } 内没有应答
error-exists = { $path } 已存在：请换一个位置，或先将其移除
error-receipt = { $file } 不是回执：{ $reason }
error-receipt-none = { $file } 不是回执：请给出 `{ $program } get` 写在数据旁的 `….receipt.json` 文件
error-receipt-damaged = 回执 { $file } 已损坏（{ $reason }）：请用 `{ $program } get 合约 --use 编号 --receipt-only` 重新获取
error-trust-none = { $file } 中没有证书：请给出已接入节点的 `trust.pem` 文件
error-trust = { $file } 不是信任文件：{ $reason }
error-other = 操作失败（{ $reason }）
failure-problem = { $title }（{ $code }，{ $status }）：{ $detail }

## commands
list-empty = 暂无。
org-registered = { $name }（{ $subject }）已登记。注册码一次有效，{ $expires } 到期，由加入方提供。
outbox-retried = 重新发送已放弃的报文 { $count } 条；待发报文立即再试
contract-awaits = 轮到本方：accept（同意）、counter（另提）、sign（签署）或 reject（拒绝）。
resource-refused = 略过 { $file }：{ $reason }
resource-left-out = 略过：{ $reason }
contract-round = 第 { $number } 轮 { $by }：{ $terms }
contract-ended = 合约 { $contract } 已以状态 { $state } 终结：不会到达 { $wanted }
contract-end-by = { $cause }（{ $by }）
contract-end = { $cause }：{ $reason }
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
head-end = 终结
head-encoding = 编码
head-problem = 问题
head-negotiation = 协商
head-suite = 套件
head-certified-until = 证书有效期至
head-window-bytes = 窗口：字节数
head-use = 使用
head-opened-at = 开始
head-closed-at = 结束
head-window = 窗口
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
head-messages-waiting = 待发报文
head-messages-dead = 放弃的报文
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
head-message = 报文
head-recipient = 收件方
head-attempts = 尝试
head-message-number = 编号
head-about = 事项
head-next-try = 下次尝试

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
state-use-open = 进行中
state-use-complete = 完成
state-use-incomplete = 未完成
state-use-refused = 被拒绝
state-use-mismatch = 双方计量不一致
state-use-unanswered = 未获应答
state-message-waiting = 待发
state-message-given-up = 已放弃

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
token-missing = { $path } 处没有令牌（{ $reason }）：可用 `{ $program } token` 重新写入
token-unreadable = 无法读取令牌 { $path }（{ $reason }）：仅属主可读，请以该用户运行
token-empty = 令牌 { $path } 为空：可用 `{ $program } token` 重新写入
token-there = { $path } 中已有令牌：如需更换，请先移除该文件
token-written = 新令牌  { $path }
token-restart = 正在运行的节点仍使用启动时的令牌：请重新启动节点。

## A command line that cannot be used
usage-command = 没有命令 `{ $value }`
usage-command-near = 没有命令 `{ $value }`；是否想用 `{ $nearest }`？
usage-argument = 多余的 `{ $value }`
usage-argument-near = 多余的 `{ $value }`；是否想用 `{ $nearest }`？
usage-missing = 缺少：{ $value }
usage-value = `{ $argument }` 不能是 `{ $value }`：可用 { $known }
usage-value-near = `{ $argument }` 不能是 `{ $value }`；是否想用 `{ $nearest }`？可用 { $known }
usage-value-missing = `{ $argument }` 需要一个值
usage-value-address = `{ $argument }` 不能是 `{ $value }`：请给出地址与端口，如 127.0.0.1:18080
usage-other = 命令行不可用（{ $reason }）
usage-value-number = `{ $argument }` 不能是 `{ $value }`：请给出整数
usage-value-reason = `{ $argument }` 不能是 `{ $value }`（{ $reason }）
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
error-output = 无法写出结果：{ $reason }

## get
get-exists = { $path } 已存在：用 -o 指定其他名称，或用 --force 覆盖
get-busy = { $path } 正由另一个下载写入
get-state = { $path } 无法用于续传（{ $reason }）。若 `{ $program } usage { $contract }` 列有未完成的使用，请删除该文件，再用 --use 加其编号续传；不加 --use 将开始一次新的使用，并计数
get-other-part = { $path } 属于合约 { $contract } 的使用 { $use }：请完成该下载，或移除文件
get-changed = 节点对使用 { $use } 的描述与下载开始时不同：数据源已变动，请询问提供方
get-too-long = 收到的超过所称的 { $bytes } 字节：不作为数据保留
get-interrupted = 在 { $written } 后中断（{ $reason }）：再次运行同一命令，即在使用 { $use } 下继续
get-not-resumed = 节点无法从中断处继续，而标准输出无法收回：请用 -o 文件
get-receipt-later = 回执尚未就绪；稍后获取：{ $program } get { $contract } --use { $use } --receipt-only
get-receipt-not-yet = 使用 { $use } 的窗口尚未关闭并会签：请稍后再试
get-use = 使用 { $use }。若中断，续用：{ $program } get { $contract } --use { $use } -o 文件
get-no-use = 本方没有合约 { $contract } 的使用 { $use }，未计数：`{ $program } usage { $contract }` 列出各次使用；不加 --use 则开始新的使用
get-part-alone = { $path } 仍在，但缺少说明它属于哪次使用的 { $state }：`{ $program } usage { $contract }` 列出各次使用，请用 --use 加未完成者的编号续传；或删除该文件，将开始一次新的使用，并计数
get-name-too-long = 文件名 { $path } 过长，旁边的文件无法写入：请用 -o 给出较短的名称

## verify
verify-no-trust = 没有根证书：用 --trust trust.pem 指定网络的根证书，或给出节点已加入的配置
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
doctor-trust = 根证书
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
doctor-outbox = 待发报文
doctor-windows = 窗口
doctor-sources = 数据源
failure-told = { $reason }
doctor-code = 注册码
doctor-code-good = weir.toml 中有注册码，上级节点尚未拒绝过它
doctor-store-none = { $location } 处尚无存储：由 `{ $program } serve` 建立
doctor-store-opens = { $location } 可以打开
doctor-keys-fit = { $folder } 中是获得证书的密钥
doctor-config-read = { $path }，节点 { $name }
doctor-folder-writable = { $folder } 可写
doctor-folder-not = { $folder } 不可写（{ $reason }）：请先创建该目录，或把目录交给本用户
doctor-token-closed = { $path } 仅属主可读
doctor-token-open = { $path } 对其他用户开放：请 chmod 600 { $path }，并视其为已泄露
doctor-trust-good = { $path } 中是预置的根证书
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
doctor-said-clock-ahead = 比 { $upstream } 快 { $offMs } 毫秒；报文允许的偏差为 { $limitMs } 毫秒
doctor-said-clock-behind = 比 { $upstream } 慢 { $offMs } 毫秒；报文允许的偏差为 { $limitMs } 毫秒
doctor-said-clock-ahead-far = 比 { $upstream } 快 { $offMs } 毫秒；报文允许的偏差为 { $limitMs } 毫秒：请校准本机时钟，最好使用时间同步服务
doctor-said-clock-behind-far = 比 { $upstream } 慢 { $offMs } 毫秒；报文允许的偏差为 { $limitMs } 毫秒：请校准本机时钟，最好使用时间同步服务
doctor-said-feed-nothing = 尚未从 { $upstream } 收到 { $origin } 的任何内容：请检查上级节点是否在运行、从本机能否访问
doctor-said-feed-held = 已有 { $upstream } 的 { $entries } 条记录，最后一条于 { $last }
doctor-said-feed-damaged = 已有 { $upstream } 的 { $entries } 条记录，但其检查点只覆盖 { $signedEntries } 条：存储已损坏，请恢复，或删除后重新同步
doctor-said-logs-go-on = 所跟随的 { $count } 个日志均正常延续
doctor-said-logs-stopped = { $count } 个日志中有 { $stopped } 个无法延续，例如 { $whose } 的日志（{ $reason }）：请告知该节点的运营方；在其日志恢复原状之前，本节点不采信其新内容
doctor-said-logs-passed-over = 所跟随的日志中有 { $count } 条记录未被采信，例如关于 { $id } 的记录（{ $reason }）：两个登记方对同一对象各有登记，请告知双方运营方；本节点采信的登记在其注销之前继续有效
doctor-said-outbox-sends = 待发 { $waiting } 条，已放弃 { $dead } 条
doctor-said-outbox-given-up = 待发 { $waiting } 条，已放弃 { $dead } 条，例如发往 { $to } 的 { $message }（{ $reason }）：请排除原因，再用 `{ $program } outbox retry` 重新发送，或用 `{ $program } outbox dismiss` 移除
doctor-said-outbox-late = 待发 { $waiting } 条，已放弃 { $dead } 条；发往 { $to } 的 { $message } 自 { $since } 起一直在尝试（{ $reason }）：原因排除后自动送达，无须重做
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
help-note-values = （可用：{ $values }）
help-note-default = （默认：{ $value }）
help-note-options = [选项]
help-note-env = （或用变量 { $name }）
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
help-token = 令牌丢失或为空时写入新的管理员令牌
help-token-more = 示例：
    {"  "}weir token
    {"  "}weir token --config /srv/weir/weir.toml --node beijing
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
help-product-register = 把资源登记为产品；文件变动后可再次登记，未写明的内容保持不变
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
help-usage--contract = 该合约的各次使用及其编号
help-usage-more = 示例：
    {"  "}weir usage
    {"  "}weir usage C…
    {"  "}weir usage --json
help-nodes = 本节点所知的网络节点
help-nodes-more = 示例：
    {"  "}weir nodes
help-status = 节点的自述
help-status-more = 示例：
    {"  "}weir status
    {"  "}weir status --node beijing --json
help-outbox = 待发与已放弃的报文
help-outbox-more = 示例：
    {"  "}weir outbox list
    {"  "}weir outbox retry --all
help-outbox-list = 列出待发与已放弃的报文
help-outbox-list-more = 示例：
    {"  "}weir outbox list
    {"  "}weir outbox list --json
help-outbox-retry = 重新发送已放弃的报文；待发报文立即再试
help-outbox-retry-more = 示例：
    {"  "}weir outbox retry 17
    {"  "}weir outbox retry --all
help-outbox-retry--messages = 报文编号，见 outbox list
help-outbox-retry--all = 全部报文
help-outbox-dismiss = 移除不再需要的已放弃报文
help-outbox-dismiss-more = 示例：
    {"  "}weir outbox dismiss 17
help-outbox-dismiss--messages = 报文编号，见 outbox list
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
serve-port-taken = { $node }：{ $address } 已被占用：请停止在此监听的进程，或用 `listen` 改用其他端口
serve-port-reserved = { $node }：当前进程无权监听 { $address }：请用 `listen` 改用 1023 以上的端口
serve-listen = { $node }：无法监听 { $address }（{ $reason }）：请用 `listen` 给出本机的地址
serve-plain = { $node }：{ $address } 可从其他机器访问，却没有证书：请为节点配置 [node.tls]，或监听 127.0.0.1
serve-tls = { $node }：[node.tls] 中的文件（{ $part }）不可用：{ $reason }；应为 PEM
serve-weak-token = { $node }：管理员令牌只有 { $length } 个字符，至少需要 { $least } 个：请先移除该文件，再用 `{ $program } token` 重新写入
serve-waits-silent = { $node } 尚未加入网络：上级节点至今没有应答。将继续等待并尝试；按 Ctrl-C 停止
serve-waits = { $node } 尚未加入网络：{ $reason }。将继续尝试；按 Ctrl-C 停止
serve-running = { $node } 正在运行：{ $address }
list-comma = ，
demo-semicolon = ；
metering-cell = { $uses } 次，{ $rows } 行，{ $bytes }
node-failed = { $node }：{ $reason }
tls-failed = 无法配置 TLS：{ $reason }
index-failed = 无法打开检索索引：{ $reason }。请删除其目录，系统会从库中重建。
file-unreadable = 无法读取 { $path }：{ $reason }
store-lost = { $node }：{ $location } 处的存储缺失或为空，而 { $folder } 中有 trust.pem 或已加入者的密钥：请从备份恢复存储；如要重新开始，请移除其中的 `keys` 和 `trust.pem`
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
bad-file-name-control = 文件名含有控制字符：请改名
bad-file-name-long = 文件名有 { $found } 字节，上限为 { $limit } 字节：请缩短
bad-file-control-name = 第 { $column } 列的名称含有控制字符 { $character }：请删除该字符
demo-interrupted = 已中断；已确认的内容均已保存：再次运行同一命令即可恢复
demo-interrupted-for-good = 已中断；不保留任何内容
error-signal = 无法监听本进程的信号

init-root-refused = 无法据此 { $flag } 建立全域节点：{ $reason }
demo-kept-port-taken = 无法使用所保存演示的端口 { $port }（{ $reason }）：请停止占用它的程序；也许同一演示仍在运行
demo-other-data = 所保存的演示使用 { $kept }，而不是 { $wanted }：请去掉 --data，或为 --keep 另选目录

## What a node refused, by its case (docs/MANAGEMENT-API.md, "Problems")
told-not-found = 此处没有{ $kind } `{ $id }`
told-not-possible = 不能{ $input }：该{ $object }{ $state }；可用的命令有 { $possible }
not-possible-withdrawn = 不能{ $input }：该{ $object }{ $state }；可用 `{ $program } product register` 重新登记
told-not-possible-any-more = 不能{ $input }：该{ $object }{ $state }
told-rounds-exhausted = 协商已满 { $limit } 轮：请同意、拒绝，或另行发起合约
told-same-terms = 这就是对方提出的条款：请直接同意
told-already-proposed = 这些条款已在第 { $round } 轮提出而未获同意：请修改，或同意对方的条款，或拒绝
told-terms-over = 条款的期限已于 { $end } 届满：请约定更晚的截止时间
told-terms-not-over = 条款的期限至 { $end } 届满：如需立即结束，请终止合约
told-id-conflict = 该{ $object }的标识为 `{ $known }`，而不是 `{ $given }`：标识一经分配不再变更
told-text-too-long = `{ $field }` 有 { $actual } 个字符：至多 { $limit } 个
told-too-many = `{ $field }` 有 { $actual } 项：至多 { $limit } 项
told-text-empty = `{ $field }` 为空：请填写
told-invalid = 该{ $object }不可用（{ $reason }）
told-unknown-code = 代码 `{ $text }` 不在代码表中（{ $table }）：应为 { $expected } 之一
told-no-time = `{ $text }` 不是时间：请按 2026-01-31T08:00:00+08:00 的形式给出
told-no-time-range = `{ $text }` 不是时间范围：请给出以 `--` 连接的两个时间
told-time-range-empty = 截止时间 { $to } 不晚于起始时间 { $from }：请给出更晚的截止时间
told-time-out-of-range = 时间超出公元 0000 至 9999 年：请选择其间的日期
told-id-length = `{ $text }` 有 { $actual } 个字符：长度不对（应为 { $expected }）
told-id-character = `{ $text }` 的第 { $position } 位是 `{ $found }`：该位不允许使用这个字符
told-id-type = `{ $text }` 的类型为 `{ $found }`：应为 { $expected }
told-id-check = `{ $text }` 的校验码为 `{ $found }`，计算得 `{ $computed }`：有字符抄错，请与原处核对
told-id-separator = `{ $text }` 的第 33 位是 `{ $found }`：扩展部分之前应为分隔符 `•`
told-id-extension = `{ $text }` 的扩展部分有误：请与原处核对
told-id-time = `{ $text }` 的时间码为 `{ $time }`：应为 YYYYMMDDHHMMSS 形式的时间
told-id-draws = 抽取 { $draws } 次仍未得到标识：随机源在重复
told-area = `{ $text }` 不是此处可用的区域代码：请给出 GB/T 2260 的前四位（如 `1100`），或 `00` 加行业大类代码（如 `0077`）
told-credit-code = 统一社会信用代码 `{ $text }` 的校验码为 `{ $found }`，计算得 `{ $computed }`：请与营业执照核对
told-use-id = 这不是使用标识：应为 1 至 64 个字母、数字或连字符
told-field-missing = 缺少 `{ $field }`
told-field-form = `{ $field }` 为 `{ $found }`：形式不对（应为 { $expected }）
told-field-length = `{ $field }` 的长度为 { $actual }：上限为 { $limit }
told-field-refused = `{ $field }` 不可用（{ $reason }）
told-body-empty = 请求中没有任何字段：请发送 JSON 对象
told-signature = `{ $field }` 与报文及密钥 `{ $key }` 不符：签名不成立
told-terms-refused = 条款中的 `{ $field }` 不能接受（{ $reason }）
told-terms-exceed = 所要求的超出要约（{ $constraint }）：要求 { $wanted }，要约 { $offered }
told-terms-disjoint = 所要求的与要约没有交集（{ $constraint }）：要求 { $wanted }，要约 { $offered }
told-unknown-action = 不认识的操作 `{ $actual }`：请用 `read` 或 `download`
told-unsupported-action = 此处无法控制操作 `{ $actual }`：请用 `read` 或 `download`
told-one-action = 有 { $actual } 种操作：一份合约只能有一种，`read` 或 `download`
told-unknown-constraint = 不认识的约束 `{ $constraint }`：请用次数、时间、字段、地域或使用方
told-unsupported-constraint = 此处无法控制约束 `{ $constraint }`：请用次数、时间、字段、地域或使用方
told-unknown-operator = 不认识的运算符 `{ $operator }`：请用代码 `01` 至 `12` 或其名称，如 `lteq`
told-unsupported-operator = 约束 `{ $constraint }` 不能使用运算符 `{ $operator }`：请用 { $possible }
told-bad-value = `{ $actual }` 不能作为 `{ $constraint }` 的值（应为 { $expected }）
told-constraint-twice = 约束 `{ $constraint }` 出现了两次：请只给一次
told-constraint-missing = 缺少约束 `{ $constraint }`：合约须有起止时间
told-limited-to-nothing = { $constraint }被限定为空：请至少给出一项，或不作限定
told-count-range = 次数 { $actual } 超出范围：请给出 1 至 { $limit }
told-too-many-items = { $constraint }有 { $actual } 项：至多 { $limit } 项
told-terms-too-large = 条款过大（{ $what }）：为 { $actual }，上限为 { $limit }
told-user-left-out = 使用方 `{ $users }` 不含本合约的使用方 `{ $user }`，合约将无法使用：请加入 `{ $user }`，或不限定使用方
told-region-left-out = 区域 `{ $regions }` 不含本合约使用方的注册地 `{ $region }`，合约将无法使用：请加入 `{ $region }`，或不限定区域
told-not-a-region = `{ $actual }` 是行业代码而不是区域代码：请给出如 `3100` 的代码
told-fields-on-format = 暂不支持对 { $actual } 文件限定字段：请去掉字段条款
told-unknown-field = 产品没有字段 `{ $actual }`：请与目录中的列核对
told-field-name = 字段名 `{ $actual }` 的长度不对：请给出 1 至 { $limit } 个字符
told-use-in-state = 合约处于状态 { $actual }：只有履行中的合约允许使用
told-use-abandoned = 使用 `{ $use }` 已作为未完成关闭：请另行开始一次使用
told-use-without-receipt = 使用 `{ $use }` 已被提供方拒绝：没有回执
told-use-unannounced = 提供方尚未告知使用 `{ $use }` 的内容：请先获取数据
told-windows-unsigned = 合约 `{ $contract }` 有 { $actual } 个计量窗口等待使用方会签，上限为 { $limit } 个：会签之后方可继续使用
told-use-closing = 使用 `{ $use }` 正在作为放弃关闭：请稍后再试
told-use-open = 使用 `{ $use }` 尚未结束：结束后才有回执
told-use-not-whole = 使用 `{ $use }` 的数据尚未全部到达：到齐后才有回执
told-window-open = 使用 `{ $use }` 的计量窗口尚未关闭：请稍后再试
told-window-unsigned = 第 { $window } 个计量窗口尚未会签：请稍后再试
told-window-unnumbered = 存证日志尚未为第 { $window } 个计量窗口编号：请稍后再试
told-letter-obsolete = 报文 { $id } 已过时：所涉事项已终止，或其后另有决定；无须重试，可予以移除
told-letter-waits = 报文 { $id } 仍待发送：只能移除已放弃的报文
told-letter-needed = 报文 { $id } 载有使用窗口，在得到答复或合约终止之前会一再发送：不能移除
told-offer-twice = `{ $field }` 不能与 `offer` 同时给出：请给出完整的要约，或只给出与先前不同之处
told-unanswered = 对方尚未答复；报文仍在发送，无须重做
told-product-on-its-way = 产品 `{ $product }` 尚未到达本节点：请稍后再试
told-product-changed = 产品 `{ $product }` 的数据源在编目之后有变动：须由提供方恢复，或重新编目并重新登记该产品
told-product-withdrawn = 产品 `{ $product }` 已撤回：请检索其他产品
told-product-of-another = 产品 `{ $product }` 属于其他连接器
told-no-service-node = 产品只在业务节点上架：请用 --on 指定业务节点
told-several-service-nodes = 已知 { $count } 个业务节点：请用 --on 指定其一
told-several-connectors = 本节点承载 { $count } 个连接器：请用 --as 指定由哪一个行事（`{ $program } connector list` 可列出）
told-no-connector = 尚无连接器加入本节点：请用 `{ $program } connector join CODE` 加入
told-hosts-no-connectors = 本节点不承载连接器：资源、产品与合约都在连接器主机上，请到连接器主机上操作
told-not-joined = 本节点尚未加入网络：请把注册码写入 weir.toml，形如 `code = "weir1.…"`，再重新启动
told-trusts-nobody = 本节点尚未加入任何网络，还没有根证书：请用注册码加入
told-no-identity = 节点和连接器均尚未加入：请用注册码加入
told-no-organisation-key = `{ $id }` 没有主体密钥：只有连接器签署合约
told-no-region = 尚不属于任何区域或行业：请用注册码加入
told-no-index = 本节点没有检索索引：请到区域节点检索
told-root-joins-nobody = 全域节点不加入他方：它是所在网络的根
told-no-root = 只有全域节点是根：本节点须用注册码加入
told-certifies-nobody = 该节点不颁发证书：请向区域或行业节点加入
told-does-not-register = { $role }不登记运行{ $runs }的主体：全域节点登记区域与行业，区域与行业节点登记业务节点和连接器
told-unknown-role = `{ $actual }` 不是 connector、service、region、industry 之一
told-area-missing = 缺少区域或行业代码：请用 --area 给出
told-area-of-another-kind = `{ $actual }` 不能作为{ $runs }的代码：区域用 GB/T 2260 的四位代码，行业用 `00` 加大类代码
told-registered-as = `{ $subject }` 已在此登记，名称为 `{ $name }`：请使用该名称
told-registered-elsewhere = `{ $subject }` 已在 { $registrar } 登记：须先在那里注销，或在那里加入
told-another-key = `{ $subject }` 已有另一把签名密钥，由其首个连接器带入：请在该连接器所在的主机上使用此注册码，或用那台主机的 `keys/organisation-{ $subject }.pem` 替换此处数据目录中的同名文件后重新加入
told-enrolment-unknown = 该注册码不是其所指节点发出的：请向该节点的运营者索取
told-enrolment-of-another = 该注册码是给 `{ $subject }` 的{ $runs }用的：请在那里使用
told-enrolment-used = 该注册码已被使用（由另一把密钥）：请向发码的运营者索取新的注册码
told-enrolment-expired = 该注册码已过期或被撤销：请向发码的运营者索取新的注册码
told-no-enrolment-code = 这不是注册码：注册码以 `weir1.` 开头，请完整复制
told-code-of-another = 该注册码是给 `{ $subject }` 的，而本节点已为 `{ $own }` 加入：请从 weir.toml 中去掉该注册码
told-provides-itself = 合约 `{ $contract }` 中本方是提供方：数据由使用方获取
told-sequence-reused = 序列号 `{ $sequenceNum }` 已用于另一报文：请使用新的序列号
told-repeated = 同一操作正在进行：请稍后再试
told-interrupted = 读取被中断：请重试
told-folder = `{ $path }` 不可用（{ $reason }）
told-offset-beyond-end = 起始位置 { $actual } 超出末尾（共 { $limit } 字节）：请从 0 或已收到之处开始
told-unknown-encoding = 不认识的编码 `{ $actual }`：请用如 `utf-8`、`gbk`、`gb18030`、`big5`
told-file-is-utf8 = `{ $path }` 是 UTF-8 而不是 { $encoding }：请去掉 --encoding
told-file-missing = `{ $path }` 处没有文件：请给出 CSV 或 Parquet 文件的路径
told-file-special = `{ $path }` 是目录、管道或设备：请给出 CSV 或 Parquet 文件的路径
told-file-ending = `{ $path }` 的扩展名不可识别：应为 .csv、.tsv、.txt 或 .parquet
told-file-changed = `{ $path }` 不是编目时的文件：其摘要为 { $found }，目录中为 { $catalogued }；请恢复该文件，或用 `{ $program } resource add` 重新编目，再用 `{ $program } product register` 重新登记其产品
told-certificate-expired = `{ $subject }` 的证书已于 { $end } 到期：请更新
told-certificate-not-yet = `{ $subject }` 的证书自 { $from } 起有效，而现在是 { $at }：请检查时钟
told-certificate-untrusted = `{ $subject }` 的证书由 `{ $issuer }` 颁发，而它不在所信任的根证书之中
told-private-key = 节点的私钥无法读取：请从备份恢复目录 `keys`
told-signature-differs = 签名不符：内容被改动，或由另一把密钥签署
told-log-key-lost = 目录 `keys` 中缺少日志密钥 `{ $key }`，或它不是写该日志时所用的那一把：请从备份恢复该目录
told-key-not-certified = 目录 `keys` 中缺少密钥 `{ $key }`，或它不是获得证书的那一把：请从备份恢复该目录
told-store-address = 无法识别存储地址：应为 `sqlite:<文件>` 或 `postgres://用户@主机:端口/库`（{ $reason }）
told-store-unreachable = 无法连接 `{ $location }` 处的数据库：请检查服务器是否在运行，用户、口令和库名是否正确（{ $reason }）
told-store-not-writable = 存储 `{ $path }` 不可写：请检查其目录是否存在、是否属于当前用户（{ $reason }）
told-store-missing = `{ $location }` 处没有存储：请从备份恢复，或更正地址
told-store-foreign = `{ $location }` 处不是 Weir 的存储：请从备份恢复，或换一个地址；未作任何改动
told-store-newer = `{ $location }` 处的存储版本为 { $found }（由 Weir { $writtenBy } 写入），本程序至多支持版本 { $known }：请运行不低于该版本的 Weir，或恢复升级前的备份
told-store-locked = `{ $location }` 处的存储正被使用（{ $holder }）：请先停止该进程，或为本节点另设存储
told-store-taken-over = 存储已被另一进程接管：请重启本进程以读取最新状态
told-store-closed = 存储已关闭：节点正在停止
told-store-busy = 同一对象正在被修改：请稍后再试
told-store-body-newer = 存储中有版本 { $found } 的条目，本程序至多读取版本 { $known }：请运行更新的 Weir
told-store-not-durable = 无法把改动落盘：请检查剩余空间和磁盘状态（{ $reason }）
told-store-database = 存储出错：请检查剩余空间、磁盘或数据库的状态；文件损坏时请从备份恢复（{ $reason }）
told-net-address = `{ $host }` 不能作为地址（{ $reason }）：请给出如 `https://node.example:8443` 的地址
told-net-plain = 拒绝以明文 HTTP 访问本机以外的 `{ $host }`：请为该节点配置证书并使用 https
told-net-private = `{ $host }` 的地址 { $address } 属于本机或内网：如该节点确在此处，请设置 `allow_private = true`
told-net-unresolved = 找不到 `{ $host }` 的地址：请检查名称或本机的域名解析
told-net-unreachable = 无法连接 `{ $host }`：该节点未运行，或未在此监听
told-net-timeout = `{ $host }` 在 { $limitMs } 毫秒内没有应答：请重试
told-net-tls = 与 `{ $host }` 无法建立受信任的连接：请检查根证书与该节点的证书（{ $reason }）
told-net-too-large = `{ $host }` 的应答超过 { $limit } 字节
told-net-redirected = `{ $host }` 转向 `{ $to }`，不予跟随：请配置该节点自身的地址
told-net-status = `{ $host }` 返回状态 { $answered }
told-net-broken = 与 `{ $host }` 的连接中断：请重试
told-use-count = 合约允许 { $limit } 次，已使用 { $actual } 次（次数）；请另行订立合约
told-use-before-its-time = 合约自 { $limit } 起，而现在是 { $actual }（时间）：请届时再来
told-use-after-its-time = 合约已于 { $limit } 到期，而现在是 { $actual }（时间）：请另行订立合约
told-use-field = 合约未授权 { $actual }，已授权的字段为 { $limit }（字段）
told-use-region = 合约适用于 { $limit }，而使用方在 { $actual }（地域）
told-use-user = 合约不适用于 { $actual }（使用方）
failure-peer = { $peer } 拒绝：{ $told }（{ $code }）
failure-file = { $path }：{ $told }

## What a node refused, by its code: the node's own words stand in the sentence
problem-input = 这一字段不可用（{ $reason }）
problem-unparsable = 请求内容无法读取（{ $reason }）
problem-body-too-large = 请求内容过大（{ $reason }）
problem-body-incomplete = 请求内容未及时到齐（{ $reason }）
problem-unauthorised = 需要管理员令牌（{ $reason }）
problem-unknown-path = 节点没有这一接口，版本可能不同（{ $reason }）
problem-method = 节点的这一接口不接受该方法，版本可能不同（{ $reason }）
problem-not-found = 此处没有所指的对象（{ $reason }）
problem-forbidden = 不允许这样做（{ $reason }）
problem-not-joined = 尚未加入网络（{ $reason }）
problem-state = 当前状态不允许这样做（{ $reason }）
problem-terms = 条款不能达成一致（{ $reason }）
problem-use-refused = 本次使用被拒绝（{ $reason }）
problem-metering = 本次使用无法计量（{ $reason }）
problem-evidence = 证据不成立（{ $reason }）
problem-certificate = 密钥或证书不可用（{ $reason }）
problem-enrolment = 注册码不可用（{ $reason }）
problem-sequence-reused = 序列号已被使用（{ $reason }）
problem-source = 文件无法作为数据读取（{ $reason }）
problem-source-changed = 数据源在编目之后有变动（{ $reason }）
problem-file = 文件或目录不可用（{ $reason }）
problem-search-query = 无法按此检索（{ $reason }）
problem-search-failed = 检索失败（{ $reason }）
problem-not-yet = 尚未就绪，请稍后再试（{ $reason }）
problem-busy = 正忙，请稍后再试（{ $reason }）
problem-peer-unreachable = 无法连接对方（{ $reason }）
problem-peer-timeout = 对方未及时应答（{ $reason }）
problem-peer-address = 对方的地址不可用（{ $reason }）
problem-peer-untrusted = 对方身份不可信（{ $reason }）
problem-peer-answer = 对方的应答不可用（{ $reason }）
problem-peer-refused = 对方拒绝（{ $reason }）
problem-peer-failed = 对方出错（{ $reason }）
problem-store = 存储出错（{ $reason }）
problem-internal = 节点存在缺陷或数据不一致，请报告（{ $reason }）
problem-other = 节点拒绝（{ $reason }）

## Words of a node in these sentences and in tables
word-contract = 合约
word-product = 产品
word-resource = 资源
word-use = 使用
word-window = 计量窗口
word-connector = 连接器
word-organisation = 主体
word-log = 日志
word-message = 报文
word-party = 当事方
word-profile = 数据概况
word-signature = 签名
word-address-of = 地址，所属为
word-public-log-of = 公开日志，所属为
word-publisher-of-log = 发布者，所属日志为
word-function-node-of-area = 功能节点，所属区域为
word-identifier-of-contract = 合约标识码，所属合约为
word-listed-product = 已上架的产品
word-offered-product = 所提供的产品
word-product-of-yours = 本方的产品
word-resource-of-yours = 本方的资源
word-node-connector-or-organisation = 节点、连接器或主体
word-service-node = 业务节点
word-initiated = 刚发起
word-negotiating-with-our-side-to-answer = 正在协商，待本方答复
word-negotiating-with-the-peer-to-answer = 正在协商，待对方答复
word-agreed-without-our-signature = 已达成一致，待本方签署
word-agreed-without-the-peer-s-signature = 已达成一致，待对方签署
word-not-signed = 签订失败
word-performing = 正在履行
word-ended = 已终止
word-open = 正在进行
word-closed = 已关闭
word-incomplete = 未完成
word-draft = 是草稿
word-submitted = 已提交
word-catalogued = 已编目
word-registered = 已登记
word-listed = 已上架
word-withdrawn = 已撤回
word-revoked = 已撤销
word-deregistered = 已注销
word-accept = 同意
word-propose = 提出条款
word-sign = 签署
word-reject = 拒绝
word-terminate = 终止
word-expire = 到期结束
word-list = 上架
word-delist = 下架
word-withdraw = 撤回
word-revoke = 撤销
word-submit = 提交
word-certify = 颁发证书
word-id-assigned = 分配标识
word-finish = 结束
word-abandon = 放弃
word-sent = 发送
word-global = 全域节点
word-region = 区域节点
word-industry = 行业节点
word-service = 业务节点
word-provider = 提供方
word-user = 使用方
word-automatic = 自动
word-manual = 人工
word-limit-count = 次数
word-limit-time = 时间
word-limit-fields = 字段
word-limit-action = 操作
word-limit-region = 地域
word-limit-user = 使用方
word-read = 读取
word-download = 下载
word-expired = 到期
word-terminated = 终止
word-rejected = 拒绝
word-process = 进程
word-another-process = 另一进程
