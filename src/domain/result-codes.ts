/** The retCode table of `docs/api.md §2`: the text of each code and its HTTP status. */

const OK = 200;

/** retCode → [retInfo, HTTP status]. A code's status is 200 unless the contract names another. */
const table = {
  '00000': ['success', OK],
  A00001: ['服务不可用', 503],
  A00003: ['访问或操作超时', 503],
  A00004: ['系统内部错误', 500],
  B00001: ['缺少必填参数', OK],
  B00002: ['参数类型错误', OK],
  B00003: ['参数数值超出值域或不是枚举值', OK],
  B00004: ['参数不符合规则要求', OK],
  B00006: ['参数长度错误', OK],
  C00001: ['appId与appKey验证失败', 401],
  C00003: ['访问权限不足', 403],
  C00005: ['重复请求', OK],
  C00006: ['未知设备类型', OK],
  D00001: ['sign签名错误', 401],
  D00003: ['Token不存在，未通过token验证', 401],
  D00004: ['Token已过期，未通过token验证', 401],
  D00008: ['用户不合法', OK],
  H32004: ['第三方通道暂不支持', OK],
  H32005: ['APP类型暂不支持', OK],
  H32006: ['设备重复注销或尚未注册', OK],
  H32007: ['本条消息不存在', OK],
  H32008: ['消息状态转换规则非法', OK],
  H32009: ['设备M2M加密信息验证失效', OK],
  H32010: ['查找M2M设备主人失败', OK],
  H32011: ['没有注册消息通道的用户', OK],
} as const satisfies Record<string, readonly [string, number]>;

export type RetCode = keyof typeof table;

/** Every code but success. */
export type RefusalCode = Exclude<RetCode, '00000'>;

/** A refusal as a value: the code and, where it helps the caller, the detail behind the colon of `retInfo`. */
export interface Rejection {
  readonly type: 'rejected';
  readonly code: RefusalCode;
  readonly detail?: string | undefined;
}

/** Shapes a refusal; `detail` is shown to the caller, so it never carries internals or secrets. */
export function reject(code: RefusalCode, detail?: string): Rejection {
  return { type: 'rejected', code, detail };
}

/** The text of `retInfo`: the table's, then a colon and the detail if there is one. */
export function retInfoOf(code: RetCode, detail?: string): string {
  const text = table[code][0];
  return detail === undefined ? text : `${text}: ${detail}`;
}

/** The HTTP status that goes with a code unless the HTTP layer itself refuses (`docs/api.md §2 Answers`). */
export function httpStatusOf(code: RetCode): number {
  return table[code][1];
}

/** All codes, for tests and documentation. */
export const retCodes = Object.keys(table) as readonly RetCode[];
