using System.Xml.Linq;

namespace Events.System.Tests.Architecture;

public sealed class ReferenceTests
{
    // Each project may see the ones that it names and what those see.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Platform"] = [],
        ["EventStore"] = ["Platform"],
        ["Messaging"] = ["Platform"],
        ["Commands"] = ["EventStore", "Messaging", "Platform"],
        ["Projections"] = ["Commands", "EventStore", "Messaging", "Platform"],
        ["Workers"] = ["Projections", "Commands", "EventStore", "Messaging", "Platform"],
        ["Http"] = ["Workers", "Projections", "Commands", "EventStore", "Messaging", "Platform"],
    };

    [Fact]
    public void References_point_one_way()
    {
        foreach (var project in Repository.Projects)
        {
            var references = XDocument.Load(Repository.ProjectFile(project)).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
            references.Except(Allowed[project], StringComparer.Ordinal).ShouldBeEmpty($"{project} references what it must not see");
        }
    }

    [Fact]
    public void What_was_compiled_keeps_to_it_too()
    {
        foreach (var (project, assembly) in Repository.Projects.Zip(Repository.Assemblies))
        {
            var used = assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name => name.StartsWith("Events.", StringComparison.Ordinal)).Select(name => name["Events.".Length..]);
            used.Except(Allowed[project], StringComparer.Ordinal).ShouldBeEmpty($"{project} uses what it must not see");
        }
    }

    [Fact]
    public void No_folder_is_a_drawer()
    {
        string[] drawers = ["Common", "Utils", "Utilities", "Helpers", "Core", "Shared", "Infrastructure", "Misc"];
        var folders = ((string[])["src", "tests", "benchmarks"])
            .SelectMany(part => Directory.GetDirectories(Path.Combine(Repository.Root, part), "*", SearchOption.AllDirectories))
            .Where(folder => !folder.Contains("node_modules", StringComparison.Ordinal));
        folders.Where(folder => drawers.Contains(Path.GetFileName(folder), StringComparer.OrdinalIgnoreCase)).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_is_called_Task()
    {
        string[] taken = ["Task", "TaskStatus"];
        Repository.Assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => taken.Contains(type.Name, StringComparer.Ordinal)).ShouldBeEmpty();
    }
}
