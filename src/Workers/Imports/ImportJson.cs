using System.Text.Json;
using System.Text.Json.Serialization;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;

namespace Events.Workers.Imports;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImportMapping))]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(UndoResult))]
[JsonSerializable(typeof(ImportTasks))]
[JsonSerializable(typeof(UndoImport))]
public sealed partial class ImportJson : JsonSerializerContext;
