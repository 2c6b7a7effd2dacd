# 命令行的中文文本。各语言文件的键和变量一致，由测试比对。
# 数字按千位分组；标识、端口、年份以文本传入。

## 行首词
label-error = 错误
label-warning = 警告
label-hint = 提示
label-ok = 正常
label-failed = 失败

## 演示：标题
demo-title = Weir 演示 · { $providers } 家提供方，{ $regions } 个区域，{ $users } 家使用方 · 数据：{ $files } 个文件，{ $rows } 行
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

demo-network = 全域节点 { $global } 个，区域节点 { $region } 个，行业节点 { $industry } 个，业务节点 { $service } 个，连接器 { $connectors } 个
demo-identity = { $organisations } 家主体获得证书（{ $suites }）
demo-identity-suite = { $region } 用 { $suite }
demo-catalogue = { $resources } 项资源完成探查：{ $columns } 列，{ $from } 至 { $to }，缺失 { $missing }
demo-catalogue-timeless = { $resources } 项资源完成探查：{ $columns } 列，缺失 { $missing }
demo-register = { $products } 个产品，例如 { $example }
demo-listed = { $products } 个产品在 { $region } 的业务节点上架
demo-visible = { $places }（{ $products } 个中最慢者）
demo-visible-region = { $region } { $time } 后可见
demo-visible-global = 全域节点 { $time } 后可见
demo-found = 在 { $region }：{ $results }
demo-found-one = “{ $query }”：{ $count } 个产品
demo-contract = { $contracts } 份合约：次数由 { $asked } 改为 { $agreed }，双方签署
demo-each = 每份 { $time }
demo-delivered = { $files } 个文件，{ $bytes }，摘要一致
demo-refused = 对{ $product }的第二次使用：合约允许 { $limit } 次（{ $constraint }）：理应拒绝
demo-closed = { $windows } 个计量窗口由提供方签名、使用方会签
demo-proven = { $receipts } 份回执离线验证通过；提供方与使用方计量一致：{ $uses } 次使用，{ $rows } 行
demo-failed = { $reason }

## 演示：双方计量
metering-heading = 双方的计量
metering-provider = 提供方
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
next-search = { $program } search { $word } --config { $config }
next-status = { $program } status --config { $config }
next-verify = { $program } verify { $folder } --trust { $trust }
next-stopping = 正在停止；已确认的内容都已保存。
next-stopped = 已停止。

## 耗时操作
progress-profiling = 探查 { $file }
progress-downloading = 下载 { $product }
progress-resuming = 从 { $bytes } 处续传
progress-verifying = 验证回执
progress-generating = 生成数据
progress-starting = 启动节点

## 检索
search-none = 没有找到“{ $query }”。
search-count = 共 { $total } 个产品，显示 { $shown } 个
search-product = 产品
search-title = 标题
search-provider = 提供方
search-area = 区域

## 回执验证
verify-all = { $receipts } 份回执验证通过
verify-some = { $receipts } 份回执中有 { $failed } 份未通过验证
verify-step-use = 该次使用在其窗口之中
verify-step-window = 窗口完好，并接续前一窗口
verify-step-contract = 双方主体签署了合约
verify-step-provider = 提供方签署了窗口
verify-step-user = 使用方会签了窗口
verify-step-inclusion = 窗口在日志之中
verify-step-checkpoint = 日志的检查点已签名

## 获取数据
get-done = { $file }：{ $bytes }，{ $rows } 行，摘要一致
get-refused = 提供方拒绝：{ $reason }

## 错误：说明位置与解决办法
error-port-taken = { $host } 的端口 { $port } 已被占用：停止占用它的程序，或用 { $option } 另选一个
error-no-folder = { $folder } 不是可读的目录：{ $reason }
error-no-data = { $folder } 中没有可用的 CSV 或 Parquet 文件：请指定至少含一个文件的目录
error-file-empty = { $file } 是空文件：至少需要一行表头
error-file-encoding = { $file } 在第 { $offset } 字节处不是 { $encoding } 文本：用 --encoding 指定编码，例如 --encoding gbk
error-file-ragged = { $file } 第 { $line } 行：有 { $found } 个字段，表头有 { $expected } 个
error-file-columns = { $file } 有 { $found } 列：最多允许 { $limit } 列
error-file-header = { $file } 的列名 `{ $column }` 重复：请改名
error-file-changed = { $file } 编目之后有变动：请用 `{ $program } resource add` 重新添加
error-digest = { $file } 的摘要与目录不符：请询问提供方，并重新获取
error-disk-full = 无法写入 { $path }：{ $reason }
error-store-newer = 存储 { $path } 的版本为 { $found }，本程序只认识 { $known }：请使用更新的程序
error-store-open = 无法打开存储 { $path }：{ $reason }
error-clock = 本机时钟与 { $node } 相差 { $difference }：请校准时钟
error-config-missing = 没有配置：请运行 `{ $program } init`，或给出 --config 文件 或 WEIR_CONFIG
error-config-read = 无法读取 { $path }：{ $reason }
error-config-line = { $path } 第 { $line } 行：{ $reason }
error-token-missing = { $path } 中没有令牌：令牌由 `{ $program } init` 写入，仅属主可读
error-unauthorised = { $address } 不接受 { $path } 中的令牌
error-unreachable = { $address } 没有应答（{ $reason }）：节点在运行吗？可用 `{ $program } doctor` 检查
error-timeout = { $address } 在 { $time } 内没有应答
error-identifier = `{ $id }` 不是标识：{ $reason }
error-check-character = `{ $id }` 的校验字符不对：有一个字符输错了
error-not-found = { $address } 没有 `{ $id }`
error-exists = { $path } 已存在：请换一个位置，或先将其移除
error-receipt = { $file } 不是回执：{ $reason }
error-trust = { $file } 不是信任文件：{ $reason }
error-signature = { $signer } 的签名与消息不符
error-limit = { $what } 为 { $found }：上限为 { $limit }
error-language = 没有语言 `{ $language }`：请用 en 或 zh
error-interrupted = 已中断；再次运行同一命令即可继续
error-other = { $reason }
failure-problem = { $title }（{ $code }，{ $status }）：{ $detail }
