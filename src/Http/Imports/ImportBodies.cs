using Events.Http.Bodies;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;

namespace Events.Http.Imports;

public sealed class MappingBody
{
    private const int MaxWords = 500;
    private const int MaxWord = 200;

    private IReadOnlyDictionary<string, IReadOnlyList<string>>? columns;
    private IReadOnlyDictionary<string, IReadOnlyList<string>>? statuses;
    private IReadOnlyDictionary<string, IReadOnlyList<string>>? priorities;
    private string? delimiter;
    private string? encoding;
    private string? dateFormat;
    private bool? hasHeader;

    public static BodyShape<MappingBody> Shape { get; } = new BodyShape<MappingBody>
    {
        Example = """{"columns":{"title":"Summary","labels":["Labels","Tags"]},"delimiter":";","statuses":{"Waiting":"in_review"}}""",
    }
        .Words("columns", (m, v) => m.columns = v, MaxWords, MaxWord)
        .Words("statuses", (m, v) => m.statuses = v, MaxWords, MaxWord)
        .Words("priorities", (m, v) => m.priorities = v, MaxWords, MaxWord)
        .Text("delimiter", (m, v) => m.delimiter = v, 3)
        .Text("encoding", (m, v) => m.encoding = v, 40)
        .Text("dateFormat", (m, v) => m.dateFormat = v, 60)
        .Flag("hasHeader", (m, v) => m.hasHeader = v);

    public ImportMapping ToMapping() => new()
    {
        Columns = columns,
        Statuses = One(statuses),
        Priorities = One(priorities),
        Delimiter = delimiter,
        Encoding = encoding,
        DateFormat = dateFormat,
        HasHeader = hasHeader,
    };

    private static Dictionary<string, string>? One(IReadOnlyDictionary<string, IReadOnlyList<string>>? words) =>
        words?.Where(static pair => pair.Value.Count > 0).ToDictionary(static pair => pair.Key, static pair => pair.Value[0]);
}

public sealed class NewImport
{
    public Guid FileId { get; set; }

    public string Format { get; set; } = "";

    public Guid? ProjectId { get; set; }

    public MappingBody? Mapping { get; set; }

    public string? MappingName { get; set; }

    public string? SaveMappingAs { get; set; }

    public string Source { get; set; } = "";

    public bool DryRun { get; set; }

    public static BodyShape<NewImport> Shape { get; } = new BodyShape<NewImport>
    {
        Example = """{"fileId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e71","format":"csv","mapping":{"columns":{"title":"Summary"}},"dryRun":true}""",
    }
        .Id("fileId", (i, v) => i.FileId = v!.Value, required: true)
        .Text("format", (i, v) => i.Format = v!, 40, required: true)
        .Id("projectId", (i, v) => i.ProjectId = v, nullable: true)
        .Nested("mapping", MappingBody.Shape, (i, v) => i.Mapping = v, nullable: true)
        .Text("mappingName", (i, v) => i.MappingName = v, ImportMappings.MaxName, nullable: true)
        .Text("saveMappingAs", (i, v) => i.SaveMappingAs = v, ImportMappings.MaxName, nullable: true)
        .Text("source", (i, v) => i.Source = v ?? "", 100, nullable: true)
        .Flag("dryRun", (i, v) => i.DryRun = v);
}

public sealed class NewPreview
{
    public Guid FileId { get; set; }

    public string Format { get; set; } = "";

    public MappingBody? Mapping { get; set; }

    public string? MappingName { get; set; }

    public int Rows { get; set; } = 20;

    public static BodyShape<NewPreview> Shape { get; } = new BodyShape<NewPreview>
    {
        Example = """{"fileId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e71","format":"csv","rows":5}""",
    }
        .Id("fileId", (p, v) => p.FileId = v!.Value, required: true)
        .Text("format", (p, v) => p.Format = v!, 40, required: true)
        .Nested("mapping", MappingBody.Shape, (p, v) => p.Mapping = v, nullable: true)
        .Text("mappingName", (p, v) => p.MappingName = v, ImportMappings.MaxName, nullable: true)
        .Integer("rows", (p, v) => p.Rows = (int)v!.Value, 1, ImportPreview.MaxRows);
}

public sealed class NewUndo
{
    public bool WithChanged { get; set; }

    public static BodyShape<NewUndo> Shape { get; } = new BodyShape<NewUndo> { Example = """{"withChanged":false}""" }
        .Flag("withChanged", (u, v) => u.WithChanged = v);
}
