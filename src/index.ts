/** memcell: recurrent networks that learn where the data is. This file lists all public names. */

export type { Activation } from "./core/activations.js";
export type { Dtype, Tensor, TensorFile } from "./core/safetensors.js";
export { readSafetensors, writeSafetensors } from "./core/safetensors.js";
export { type ActivationLayer, activation } from "./layers/activation.js";
export { type Conv1dLayer, conv1d } from "./layers/conv1d.js";
export { type DenseLayer, dense } from "./layers/dense.js";
export { type DropoutLayer, dropout } from "./layers/dropout.js";
export { type EmbeddingLayer, embedding } from "./layers/embedding.js";
export type { Layer } from "./layers/index.js";
export type {
  HeNormal,
  HeUniform,
  Initializer,
  Normal,
  Orthogonal,
  Uniform,
  XavierNormal,
  XavierUniform,
} from "./layers/initializers.js";
export { heNormal, heUniform, normal, orthogonal, uniform, xavierNormal, xavierUniform } from "./layers/initializers.js";
export { type NormalizationLayer, normalization } from "./layers/normalization.js";
export { type PoolingLayer, pooling } from "./layers/pooling.js";
export { gru, lstm, lstm97, rnn } from "./layers/recurrent.js";
export type { GruLayer, Lstm97Layer, LstmLayer, RnnLayer } from "./layers/recurrentOptions.js";
export type { CategoricalColumn, Column, Columns, Inputs, NumericColumn, StepInput, Value } from "./model/columns.js";
export { categorical, numeric } from "./model/columns.js";
export type { Config, ModelConfig } from "./model/config.js";
export { type CtcLoss, ctc } from "./model/ctcLoss.js";
export { type CustomFunction, type CustomLoss, type CustomResult, customLoss } from "./model/customLoss.js";
export type { Environment } from "./model/engine.js";
export type { EvaluateOptions, Evaluation } from "./model/evaluation.js";
export type { Series } from "./model/flatten.js";
export type { GenerateOptions } from "./model/generate.js";
export type { InputConfig } from "./model/input.js";
export type { GradientFlow, Recorded, Trace } from "./model/insight.js";
export { gradientFlow, trace } from "./model/insight.js";
export { type LoadOptions, loadModel } from "./model/load.js";
export type {
  BinaryCrossEntropyLoss,
  CrossEntropyLoss,
  GaussianNllLoss,
  HuberLoss,
  Loss,
  MaeLoss,
  MseLoss,
  QuantileLoss,
} from "./model/losses.js";
export { binaryCrossEntropy, crossEntropy, gaussianNLL, huber, mae, mse, quantile } from "./model/losses.js";
export type { HeadScores, Metric, Metrics } from "./model/metrics.js";
export type { Model, PredictSequence } from "./model/model.js";
export { createModel } from "./model/model.js";
export type { CheckedLosses, Losses } from "./model/objective.js";
export type { Predicted, PredictOptions, ReadOptions } from "./model/probabilities.js";
export type { Scale, Scaler } from "./model/scale.js";
export { scaler } from "./model/scaler.js";
export type { AnySequence, ByHead, Sequence, StepTarget } from "./model/sequences.js";
export type { WindowOptions } from "./model/series.js";
export { lanes, windows } from "./model/series.js";
export type { State } from "./model/state.js";
export type { Assigned, SetOptions } from "./model/stateDict.js";
export type { Stream } from "./model/stream.js";
export type { Streams, StreamsOptions } from "./model/streams.js";
export type { ColumnOf, Table, TableOptions, TableWindow, WindowInputs } from "./model/table.js";
export { lastWindow } from "./model/table.js";
export { textStream } from "./model/textStream.js";
export type { Report } from "./training/epochs.js";
export type { FitSettings, ValidatedSettings } from "./training/fit.js";
export type { OnlineLearner } from "./training/online.js";
export { createOnlineLearner, resumeOnlineLearner } from "./training/online.js";
export type { Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd } from "./training/optimizers.js";
export { adagrad, adam, adamw, rmsprop, sgd } from "./training/optimizers.js";
export type { Fit, Gradients, ValidatedReport } from "./training/reports.js";
export type { OnlineResumeOptions, ResumeOptions } from "./training/resume.js";
export type { Constant, Cosine, Exponential, Plateau, Schedule, StepDecay } from "./training/schedules.js";
export { constant, cosine, exponential, plateau, stepDecay } from "./training/schedules.js";
export type { Trainer } from "./training/trainer.js";
export { createTrainer, resumeTrainer } from "./training/trainer.js";
export type { CheckedTrainerOptions, OnlineOptions, TrainerOptions } from "./training/trainerOptions.js";
