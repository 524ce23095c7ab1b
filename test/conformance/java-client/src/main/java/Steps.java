// The steps of a round: each prints one line, and the last line counts them.

abstract class Steps {
  interface Step {
    void run() throws Exception;
  }

  private static int passed;
  private static int failed;

  static void step(String name, Step step) {
    try {
      step.run();
      passed += 1;
      System.out.println("ok " + name);
    } catch (Throwable trouble) {
      failed += 1;
      System.out.println("FAILED " + name + ": " + trouble);
    }
  }

  static void same(Object expected, Object found) {
    if (!expected.equals(found)) throw new AssertionError("expected " + expected + ", found " + found);
  }

  static void isTrue(String what, boolean holds) {
    if (!holds) throw new AssertionError(what);
  }

  /** Ends the process: 0 where every step was right. */
  static void end() {
    System.out.println(passed + " ok, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }
}
