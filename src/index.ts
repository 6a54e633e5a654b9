/** memcell: recurrent networks that learn where the data is. The public names, all of them. */

export type { Activation } from "./activations.js";
export type { ModelConfig } from "./config.js";
export type { WindowOptions } from "./data.js";
export { lanes, scaler, windows } from "./data.js";
export type { Environment } from "./engine.js";
export type { Report } from "./fit.js";
export type { GenerateOptions } from "./generate.js";
export type { Initializer } from "./initializers.js";
export { heNormal, heUniform, normal, orthogonal, uniform, xavierNormal, xavierUniform } from "./initializers.js";
export type { GradientFlow, Recorded, Trace } from "./insight.js";
export { gradientFlow, trace } from "./insight.js";
export { type Conv1dLayer, conv1d } from "./layers/conv1d.js";
export { type DenseLayer, dense } from "./layers/dense.js";
export { type DropoutLayer, dropout } from "./layers/dropout.js";
export { type EmbeddingLayer, embedding } from "./layers/embedding.js";
export type { Layer } from "./layers/index.js";
export { type NormalizationLayer, normalization } from "./layers/normalization.js";
export type { GruLayer, Lstm97Layer, LstmLayer, RnnLayer } from "./layers/options.js";
export { gru, lstm, lstm97, rnn } from "./layers/recurrent.js";
export type {
  BinaryCrossEntropyLoss,
  CrossEntropyLoss,
  GaussianNllLoss,
  HuberLoss,
  Loss,
  MaeLoss,
  MseLoss,
  QuantileLoss,
} from "./losses.js";
export { binaryCrossEntropy, crossEntropy, gaussianNLL, huber, mae, mse, quantile } from "./losses.js";
export type { Metric } from "./metrics.js";
export type { Model } from "./model.js";
export { createModel, loadModel } from "./model.js";
export type { State } from "./network.js";
export type { OnlineLearner } from "./online.js";
export { createOnlineLearner, resumeOnlineLearner } from "./online.js";
export type { Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd } from "./optimizers.js";
export { adagrad, adam, adamw, rmsprop, sgd } from "./optimizers.js";
export type { OnlineOptions, TrainerOptions } from "./options.js";
export type { Fit, ValidatedReport } from "./reports.js";
export type { OnlineResumeOptions, ResumeOptions } from "./resume.js";
export type { Tensor, TensorFile } from "./safetensors.js";
export { readSafetensors, writeSafetensors } from "./safetensors.js";
export type { Scale } from "./scale.js";
export type { Constant, Cosine, Exponential, Plateau, Schedule, StepDecay } from "./schedules.js";
export { constant, cosine, exponential, plateau, stepDecay } from "./schedules.js";
export type { Sequence, Series } from "./sequences.js";
export type { Assigned } from "./statedict.js";
export type { Stream } from "./stream.js";
export type { Streams, StreamsOptions } from "./streams.js";
export { textStream } from "./text.js";
export type { Trainer } from "./trainer.js";
export { createTrainer, resumeTrainer } from "./trainer.js";
export type { FitSettings, ValidatedSettings } from "./training.js";
