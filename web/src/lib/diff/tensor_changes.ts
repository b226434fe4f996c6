// Two headers of weights compared by tensor. Values are not read: only what is there, and its shape.
import type { Tensor } from "../blob/tensors.ts";

export interface TensorChange {
  name: string;
  kind: "added" | "removed" | "changed";
  before?: Tensor;
  after?: Tensor;
}

const shape_text = (tensor: Tensor) => tensor.shape.join(" × ") || "scalar";
export const tensor_text = (tensor: Tensor | undefined) => (tensor ? `${tensor.dtype} ${shape_text(tensor)}` : "");

export function compare_tensors(before: readonly Tensor[], after: readonly Tensor[]): { changes: TensorChange[]; same: number } {
  const old_ones = new Map(before.map((tensor) => [tensor.name, tensor]));
  const changes: TensorChange[] = [];
  let same = 0;
  for (const tensor of after) {
    const old_one = old_ones.get(tensor.name);
    old_ones.delete(tensor.name);
    if (!old_one) changes.push({ name: tensor.name, kind: "added", after: tensor });
    else if (tensor_text(old_one) !== tensor_text(tensor)) changes.push({ name: tensor.name, kind: "changed", before: old_one, after: tensor });
    else same++;
  }
  for (const [name, tensor] of old_ones) changes.push({ name, kind: "removed", before: tensor });
  const by_name = new Intl.Collator("en", { numeric: true });
  return { changes: changes.sort((a, b) => by_name.compare(a.name, b.name)), same };
}
