/** Entry point `synckit-gen/emitter`: everything that an emitter of your own may need, the model's types first. */
export * from "@synckit-gen/schemas/model";
export * from "@synckit-gen/templates/emitter-kit";
