/** The table of docs/api.md §2, written out a second time. */
import { expect, test } from 'vitest';
import { httpStatusOf, reject, retCodes, retInfoOf } from '../../src/domain/result-codes.ts';

const contract = [
  ['00000', 'success', 200],
  ['A00001', '服务不可用', 503],
  ['A00003', '访问或操作超时', 503],
  ['A00004', '系统内部错误', 500],
  ['B00001', '缺少必填参数', 200],
  ['B00002', '参数类型错误', 200],
  ['B00003', '参数数值超出值域或不是枚举值', 200],
  ['B00004', '参数不符合规则要求', 200],
  ['B00006', '参数长度错误', 200],
  ['C00001', 'appId与appKey验证失败', 401],
  ['C00003', '访问权限不足', 403],
  ['C00005', '重复请求', 200],
  ['C00006', '未知设备类型', 200],
  ['D00001', 'sign签名错误', 401],
  ['D00003', 'Token不存在，未通过token验证', 401],
  ['D00004', 'Token已过期，未通过token验证', 401],
  ['D00008', '用户不合法', 200],
  ['H32004', '第三方通道暂不支持', 200],
  ['H32005', 'APP类型暂不支持', 200],
  ['H32006', '设备重复注销或尚未注册', 200],
  ['H32007', '本条消息不存在', 200],
  ['H32008', '消息状态转换规则非法', 200],
  ['H32009', '设备M2M加密信息验证失效', 200],
  ['H32010', '查找M2M设备主人失败', 200],
  ['H32011', '没有注册消息通道的用户', 200],
] as const;

test.each(contract)('%s says %s with HTTP %s', (code, retInfo, status) => {
  expect(retInfoOf(code)).toBe(retInfo);
  expect(httpStatusOf(code)).toBe(status);
});

test('there are no other codes', () => {
  expect([...retCodes].sort()).toEqual(contract.map(([code]) => code).sort());
});

test('a detail follows behind a colon', () => {
  expect(retInfoOf('B00001', 'dst.type')).toBe('缺少必填参数: dst.type');
});

test('a refusal is a value with its code and detail', () => {
  expect(reject('H32006')).toEqual({ type: 'rejected', code: 'H32006' });
  expect(reject('B00001', 'dst')).toEqual({ type: 'rejected', code: 'B00001', detail: 'dst' });
});
