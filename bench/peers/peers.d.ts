/** What the bench uses of the peers, which are not installed where this repository's types are checked. */

declare module "@tensorflow/tfjs" {
  export interface Tensor {
    dataSync(): Float32Array;
    dispose(): void;
  }
  export interface Variable extends Tensor {
    name: string;
  }
  interface Layer {
    name: string;
  }
  export interface LayersModel {
    trainableWeights: { read(): Tensor }[];
    setWeights(weights: Tensor[]): void;
    compile(options: { optimizer: unknown; loss: string }): void;
    apply(x: Tensor, options: { training: boolean }): Tensor;
    predict(x: Tensor, options?: { batchSize: number }): Tensor;
    trainOnBatch(x: Tensor, y: Tensor): Promise<number>;
  }
  export const version: { tfjs: string };
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
  export function env(): { getAsync(flag: string): Promise<boolean> };
  export function tensor1d(values: Float32Array): Tensor;
  export function tensor2d(values: Float32Array, shape: number[]): Tensor;
  export function tensor3d(values: Float32Array, shape: number[]): Tensor;
  export function variableGrads(f: () => Tensor, variables: Variable[]): { value: Tensor; grads: Record<string, Tensor> };
  export const losses: { meanSquaredError(y: Tensor, prediction: Tensor): Tensor };
  export const train: { adam(learningRate: number, beta1: number, beta2: number, epsilon: number): unknown };
  export const layers: { lstm(options: object): Layer; dense(options: object): Layer };
  export function sequential(options: { layers: Layer[] }): LayersModel;
}

declare module "@tensorflow/tfjs-backend-wasm" {
  export function setThreadsCount(count: number): void;
}

declare module "onnxruntime-web" {
  export interface Tensor {
    data: Float32Array;
  }
  export const Tensor: new (type: "float32", data: Float32Array, dims: number[]) => Tensor;
  export interface InferenceSession {
    run(feeds: Record<"x" | "h_0" | "c_0", Tensor>): Promise<Record<"y" | "h_n" | "c_n", Tensor>>;
  }
  export const InferenceSession: {
    create(model: Uint8Array, options: { intraOpNumThreads: number; interOpNumThreads: number }): Promise<InferenceSession>;
  };
  export const env: { versions: { node?: string; web?: string }; wasm: { numThreads: number } };
}

declare module "onnxruntime-node" {
  export * from "onnxruntime-web";
}

declare module "brain.js" {
  interface Matrix {
    weights: Float32Array;
  }
  interface Model {
    hiddenLayers: [Record<string, Matrix>];
    outputConnector: Matrix;
    output: Matrix;
  }
  interface LSTMTimeStep {
    model: Model;
    initialize(): void;
    bindEquation(): void;
    run(inputs: number[]): number;
    trainPattern(sequence: Float32Array[], logErrorRate: boolean): number;
  }
  export const recurrent: {
    LSTMTimeStep: new (options: { inputSize: number; hiddenLayers: number[]; outputSize: number; learningRate: number }) => LSTMTimeStep;
  };
}
