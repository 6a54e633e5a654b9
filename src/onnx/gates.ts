/** ONNX's gates, in its order, by the letters of PyTorch's. */
export const GATES: Record<string, string> = { rnn: "h", gru: "zrn", lstm: "iofg" };
/** memcell's, which are PyTorch's. */
export const OWN: Record<string, string> = { rnn: "h", gru: "rzn", lstm: "ifgo" };
